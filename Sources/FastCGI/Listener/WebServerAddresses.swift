internal import NIOCore

/// The web servers that may connect over TCP: FCGI_WEB_SERVER_ADDRS (FastCGI 1.0, section 3.2).
public struct WebServerAddresses: Hashable, Sendable {
    private let allowed: Set<IPAddressBytes>
    /// The entries that are not numeric addresses; they let nobody in.
    public let invalidEntries: [String]

    /// Reads a comma-separated list of numeric addresses.
    public init(parsing list: String) {
        var allowed: Set<IPAddressBytes> = []
        var invalid: [String] = []
        for entry in list.split(separator: ",") {
            let text = entry.drop { $0 == " " }.prefix { $0 != " " }
            if text.isEmpty { continue }
            if let address = IPAddressBytes(parsing: String(text)) {
                allowed.insert(address)
            } else {
                invalid.append(String(text))
            }
        }
        self.allowed = allowed
        self.invalidEntries = invalid
    }

    /// Nil when the variable is not set, or empty: then everybody may connect, as with libfcgi.
    init?(environment: (String) -> String?) {
        guard let list = environment("FCGI_WEB_SERVER_ADDRS"), !list.isEmpty else { return nil }
        self.init(parsing: list)
    }

    /// Whether a peer is served.
    ///
    /// Peers on unix sockets are: the mode of the socket file decides there.
    func allows(_ peer: SocketAddress?) -> Bool {
        guard let peer, let address = IPAddressBytes(peer) else { return true }
        return self.allowed.contains(address)
    }
}
