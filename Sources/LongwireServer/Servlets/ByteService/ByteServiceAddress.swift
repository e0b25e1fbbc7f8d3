public import LongwireSession

/// Where a service that talks in streams of bytes listens.
public enum ByteServiceAddress: Sendable, Equatable, CustomStringConvertible {
    /// A TCP service; the host is a name or an address.
    case tcp(host: String, port: Int)
    /// A service on a unix socket.
    case unix(path: String)

    /// Reads `tcp://HOST:PORT`, with an IPv6 address in brackets, or `unix:PATH`.
    ///
    /// - Throws: ``ConfigurationError`` that says what to write.
    public init(parsing text: String) throws(ConfigurationError) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty else {
                throw ConfigurationError("\(text): write unix:PATH, such as unix:/run/app.sock")
            }
            // The kernel takes no longer one, and only says so when somebody connects.
            guard path.utf8.count < 108 else {
                throw ConfigurationError("\(text): the path of a unix socket is at most 107 bytes long")
            }
            self = .unix(path: path)
            return
        }
        let hint = ConfigurationError("\(text): write tcp://HOST:PORT, such as tcp://127.0.0.1:6379 or tcp://[::1]:22")
        guard text.hasPrefix("tcp://") else { throw hint }
        let rest = text.dropFirst(6)
        guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]), port > 0
        else { throw hint }
        var host = rest[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw hint
        }
        guard !host.isEmpty, !host.contains("/"), !host.contains("@") else { throw hint }
        self = .tcp(host: String(host), port: Int(port))
    }

    /// As ``init(parsing:)`` reads it.
    public var description: String {
        switch self {
        case .tcp(let host, let port): "tcp://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
