/// Where a URL leads: `http` or `https`, host, port, and the target of the request.
struct Endpoint: Sendable, Equatable {
    let isSecure: Bool
    private(set) var host: String
    private(set) var port: Int
    /// What follows the host, with its query; begins with a slash.
    let target: String
    /// The value of the Host field.
    private(set) var authority: String

    init(_ url: String) throws(ConnectError) {
        func invalid(_ why: String) -> ConnectError {
            // Before an @ there may be a password.
            let shown = url.contains("@") ? "the URL" : "\"\(url)\""
            return ConnectError(
                .invalidURL, "\(shown) \(why); write a URL such as http://127.0.0.1:8080/longwire/echo")
        }
        guard url.unicodeScalars.allSatisfy({ $0.isASCII && $0.value > 0x20 && $0.value != 0x7f }) else {
            throw invalid("holds characters that a URL may not")
        }
        guard let colons = url.firstRange(of: "://") else { throw invalid("has no scheme") }
        let scheme = url[..<colons.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { throw invalid("is neither http nor https") }
        isSecure = scheme == "https"
        let rest = url[colons.upperBound...]
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.contains("@") else { throw invalid("holds a user name; name it with a header field") }
        var hostPart = authority
        var port = isSecure ? 443 : 80
        let afterBracket = authority.lastIndex(of: "]") ?? authority.startIndex
        if let colon = authority[afterBracket...].lastIndex(of: ":") {
            hostPart = authority[..<colon]
            guard let number = UInt16(authority[authority.index(after: colon)...]), number > 0 else {
                throw invalid("has no valid port")
            }
            port = Int(number)
        }
        self.port = port
        if hostPart.hasPrefix("["), hostPart.hasSuffix("]") { hostPart = hostPart.dropFirst().dropLast() }
        guard !hostPart.isEmpty else { throw invalid("has no host") }
        host = String(hostPart)
        self.authority = String(authority)
        let target = rest[end...].prefix { $0 != "#" }
        self.target = target.first == "/" ? String(target) : "/" + target
    }

    /// The same servlet where it is served on bare TCP.
    func at(_ direct: DirectTCP) -> Endpoint {
        var endpoint = self
        endpoint.host = direct.host ?? host
        endpoint.port = direct.port
        endpoint.authority = HostAndPort.joined(endpoint.host, endpoint.port)
        return endpoint
    }

    /// What is remembered of servers is remembered of this.
    var place: String { (isSecure ? "https://" : "http://") + authority }

    /// The target with the query items that every request carries.
    func target(session: String, path: UInt64) -> String {
        target + (target.contains("?") ? "&" : "?") + "session=\(session)&path=\(path)"
    }
}
