/// Where a server listens.
///
/// As text: `127.0.0.1:9000`, `[::1]:9000`, `localhost:9000`, `:9000` (all IPv4 interfaces, as libfcgi has it),
/// `unix:/run/app.sock`, `unix:/run/app.sock?mode=0660&owner=app&group=www-data`, `fd:0`, `systemd`, `systemd:name`.
public struct BindAddress: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case tcp(host: String, port: Int)
        case unix(path: String, UnixSocketOptions)
        case descriptor(Int32)
        case systemd(name: String?)
    }

    let kind: Kind

    /// TCP; port 0 lets the system choose one.
    public static func tcp(host: String, port: Int) -> BindAddress {
        BindAddress(kind: .tcp(host: host, port: port))
    }

    /// A unix socket at a path of at most 107 bytes.
    public static func unix(path: String, options: UnixSocketOptions = UnixSocketOptions()) -> BindAddress {
        BindAddress(kind: .unix(path: path, options))
    }

    /// A listening socket the process was started with; 0 is where spawn-fcgi and lighttpd's bin-path leave it.
    public static func descriptor(_ number: Int32) -> BindAddress {
        BindAddress(kind: .descriptor(number))
    }

    /// The sockets passed by systemd (LISTEN_FDS), all of them or those of one FileDescriptorName.
    public static func systemd(name: String? = nil) -> BindAddress {
        BindAddress(kind: .systemd(name: name))
    }
}

/// Who may use a unix socket.
///
/// Applied before the socket accepts anything.
public struct UnixSocketOptions: Hashable, Sendable {
    /// The mode of the socket file; nil leaves it to the umask.
    ///
    /// A web server needs write permission to connect.
    public var mode: UInt32?
    /// The owner of the socket file, by name or number; nil leaves it.
    public var owner: String?
    /// The group of the socket file, by name or number; nil leaves it.
    public var group: String?

    /// Creates options.
    public init(mode: UInt32? = nil, owner: String? = nil, group: String? = nil) {
        self.mode = mode
        self.owner = owner
        self.group = group
    }
}
