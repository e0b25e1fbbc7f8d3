internal import HTTPTypes
internal import LongwireTransport

/// Whose word counts on where a request comes from: nobody's, but for the proxies that are configured.
struct ProxyTrust: Sendable {
    private let proxies: [AddressRange]
    /// Whether a peer without an address, which came over a unix socket, is trusted.
    private let trustsUnix: Bool
    private let name: HTTPField.Name?
    private let field: ForwardedField

    /// The most proxies that one request is followed through.
    private static let chainLimit = 32
    /// What is written for peers over unix sockets.
    private static let unix = "unix"

    init(proxies: [String], field: ForwardedField) {
        self.proxies = proxies.compactMap { AddressRange($0[...]) }
        trustsUnix = proxies.contains(Self.unix)
        self.field = field
        name = HTTPField.Name(field.rawValue)
    }

    /// Why something cannot be configured as a proxy; nil where it can.
    static func complaint(about proxy: String) -> String? {
        proxy == unix || AddressRange(proxy[...]) != nil
            ? nil
            : "\"\(proxy)\" is no address; write one such as 192.0.2.7, a network such as 10.0.0.0/8, or unix for peers "
                + "over unix sockets"
    }

    /// The client's address: the peer's own, or, where that is a trusted proxy's, the newest that none of them has.
    ///
    /// - Parameter peer: who made the connection, or whom the web server names.
    func client(of peer: String?, _ fields: HTTPFields) -> String? {
        // Nobody is trusted, and an address of IPv4 has one way to be written: nothing is to be looked up.
        if proxies.isEmpty, !trustsUnix, let peer, !peer.utf8.contains(UInt8(ascii: ":")) { return peer }
        guard let peer, !peer.isEmpty else { return trustsUnix ? forwarded(fields, from: nil) : peer }
        guard let address = AddressRange(address: peer[...]) else {
            return trustsUnix ? forwarded(fields, from: nil) ?? peer : peer
        }
        return isTrusted(address) ? forwarded(fields, from: address) : address.address
    }

    private func isTrusted(_ address: AddressRange) -> Bool { proxies.contains { $0.contains(address) } }

    private func forwarded(_ fields: HTTPFields, from proxy: AddressRange?) -> String? {
        guard let name, let value = fields[name] else { return proxy?.address }
        var last = proxy
        for address in field.addresses(in: value).reversed().prefix(Self.chainLimit) {
            // Who does not say it is taken for its client.
            guard let address else { break }
            last = address
            if !isTrusted(address) { break }
        }
        return last?.address
    }
}
