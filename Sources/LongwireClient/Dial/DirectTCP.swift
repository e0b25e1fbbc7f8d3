/// Where sessions are served on bare TCP connections, with no web server between: the transport `tcp`.
public struct DirectTCP: Sendable, Equatable, CustomStringConvertible {
    /// The host; nil for the one of the URL.
    public var host: String?
    /// The port, from 1 on.
    public var port: Int

    /// A port of the URL's host, or of another.
    public init(host: String? = nil, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `PORT` or `HOST:PORT`, such as `9001`, `example.org:9001` or `[::1]:9001`; nil for anything else.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else {
            guard let port = UInt16(text), port > 0 else { return nil }
            self.init(port: Int(port))
            return
        }
        guard let port = UInt16(text[text.index(after: colon)...]), port > 0 else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains("/") else { return nil }
        self.init(host: String(host), port: Int(port))
    }

    /// As it is written.
    public var description: String { host.map { HostAndPort.joined($0, port) } ?? "\(port)" }
}
