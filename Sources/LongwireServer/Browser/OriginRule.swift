internal import HTTPTypes

/// Which pages may use a mount from a browser, by the origin that browsers name in their requests.
///
/// A request without an origin is from a page of another site only where the browser says so by other means: a page
/// may fetch without being allowed to read, and a servlet would start for it.
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
        guard let origin = head.headerFields[.origin] else {
            return Self.isFetchedElsewhere(head) && !allowed.contains("*") ? .refused("another site") : .own
        }
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

    /// Whether a page of another site fetches this, rather than leads its reader here (W3C Fetch Metadata).
    private static func isFetchedElsewhere(_ head: HTTPRequest) -> Bool {
        let site = head.headerFields[.secFetchSite]?.lowercased()
        guard site == "cross-site" || site == "same-site" else { return false }
        return head.headerFields[.secFetchMode]?.lowercased() != "navigate"
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

extension HTTPField.Name {
    fileprivate static let secFetchSite = HTTPField.Name("Sec-Fetch-Site") ?? .origin
    fileprivate static let secFetchMode = HTTPField.Name("Sec-Fetch-Mode") ?? .origin
}
