internal import LongwireTransport

/// A forward proxy.
struct Proxy: Sendable, Equatable {
    /// Whether the connection to the proxy itself is TLS.
    let isSecure: Bool
    let host: String
    let port: Int
    /// The value of `Proxy-Authorization`; a secret.
    let authorization: String?

    /// Reads a proxy's URL as curl does: the scheme may be missing, and the port is then 1080 (https: 443).
    ///
    /// - Parameter source: where it was found, for errors, which never show the URL: it may hold a password.
    init(_ url: String, source: String) throws(ConnectError) {
        func invalid(_ why: String) -> ConnectError {
            ConnectError(
                .invalidURL,
                "the proxy (\(source)) \(why); write it as http://proxy.example:3128, "
                    + "with user:password@ before the name where it asks for them")
        }
        var rest = url[...]
        var scheme = "http"
        if let colons = url.firstRange(of: "://") {
            scheme = url[..<colons.lowerBound].lowercased()
            rest = url[colons.upperBound...]
        }
        switch scheme {
        case "http": isSecure = false
        case "https": isSecure = true
        case "socks", "socks4", "socks4a", "socks5", "socks5h":
            throw invalid("is a SOCKS proxy, which is not supported")
        default: throw invalid("has a scheme that is neither http nor https")
        }
        var authority = rest.prefix { !"/?#".contains($0) }
        var authorization: String?
        if let at = authority.lastIndex(of: "@") {
            guard let credentials = Self.credentials(authority[..<at]) else {
                throw invalid("has a user name or password that is not percent-encoded rightly")
            }
            authorization = credentials
            authority = authority[authority.index(after: at)...]
        }
        self.authorization = authorization
        guard let (host, port) = HostAndPort.split(authority) else { throw invalid("has no valid port") }
        guard !host.isEmpty, host.unicodeScalars.allSatisfy({ $0.isASCII && $0.value > 0x20 && $0.value != 0x7f })
        else { throw invalid("has no valid host") }
        self.host = String(host)
        self.port = port ?? (isSecure ? 443 : 1080)
    }

    /// The proxy as people know it; no secret.
    var place: String { HostAndPort.joined(host, port) }

    private static func credentials(_ userInfo: Substring) -> String? {
        let colon = userInfo.firstIndex(of: ":") ?? userInfo.endIndex
        guard let user = percentDecoded(userInfo[..<colon]),
            let password = percentDecoded(userInfo[colon...].dropFirst())
        else { return nil }
        return "Basic " + Base64.encoded(user + [UInt8(ascii: ":")] + password)
    }

    private static func percentDecoded(_ text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let digits = String(rest.prefix(2)), digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit),
                let value = UInt8(digits, radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}

/// The two parts of an authority.
enum HostAndPort {
    /// The host without the brackets of an IPv6 address, and the port where there is one; nil where that is none.
    static func split(_ authority: Substring) -> (host: Substring, port: Int?)? {
        var host = authority
        var port: Int?
        let afterBracket = authority.lastIndex(of: "]") ?? authority.startIndex
        if let colon = authority[afterBracket...].lastIndex(of: ":") {
            host = authority[..<colon]
            guard let number = UInt16(authority[authority.index(after: colon)...]), number > 0 else { return nil }
            port = Int(number)
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        return (host, port)
    }

    static func joined(_ host: String, _ port: Int) -> String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
