internal import HTTPTypes

/// Which pages may use a mount from a browser, by the origin that browsers name in their requests.
///
/// A request without an origin is not from a page of another site, and passes.
struct OriginRule {
    enum Verdict: Equatable {
        /// Not from a browser, or from a page of this very host.
        case own
        /// From another site that is configured; it may read the answer.
        case configured(String, mayHaveCredentials: Bool)
        case refused(String)
    }

    /// What is configured besides the own host: origins, `null`, or `*`.
    let allowed: [String]

    func verdict(on head: HTTPRequest) -> Verdict {
        guard let origin = head.headerFields[.origin] else { return .own }
        if let host = Self.host(of: origin), let own = head.authority.map({ Self.normal($0, likeIn: origin) }),
            host == own
        {
            return .own
        }
        let normal = origin.lowercased()
        if allowed.contains(where: { $0.lowercased() == normal }) {
            return .configured(origin, mayHaveCredentials: normal != "null")
        }
        return allowed.contains("*") ? .configured("*", mayHaveCredentials: false) : .refused(origin)
    }

    /// Why something cannot be configured as an origin; nil where it can.
    static func complaint(about origin: String) -> String? {
        guard origin != "*", origin != "null" else { return nil }
        let isOrigin = ["http://", "https://"].contains { scheme in
            let host = origin.dropFirst(scheme.count)
            return origin.hasPrefix(scheme) && !host.isEmpty && !host.contains { "/?#@* ,".contains($0) }
        }
        return isOrigin
            ? nil : "\"\(origin)\" is not an origin; write one such as https://example.org, or null, or * for every one"
    }

    /// The host of an origin with its port, where that is not the scheme's own.
    private static func host(of origin: String) -> String? {
        guard let colons = origin.firstRange(of: "://") else { return nil }
        return normal(String(origin[colons.upperBound...]), likeIn: origin)
    }

    private static func normal(_ authority: String, likeIn origin: String) -> String {
        let port = origin.lowercased().hasPrefix("https://") ? ":443" : ":80"
        let host = authority.lowercased()
        return host.hasSuffix(port) ? String(host.dropLast(port.count)) : host
    }
}
