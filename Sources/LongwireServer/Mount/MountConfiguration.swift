public import LongwireSession
public import NIOCore

/// What a mount allows, with safe defaults.
public struct MountConfiguration: Sendable {
    /// The URL path that everything is below, such as `/longwire`; `/` for everything.
    public var path = "/longwire"
    /// The sizes and times of every session.
    public var session = SessionConfiguration()
    /// The greatest number of sessions at a time.
    public var maximumSessions = 20_000
    /// How much one client, and all of them together, may ask for.
    public var limits = SessionLimits()
    /// How many ended sessions are remembered, so that a client that lost the last words is told.
    public var rememberedEndings = 4_096
    /// A servlet that holds its event loop for longer is logged.
    public var slowServlet = TimeAmount.milliseconds(100)
    /// The origins of pages, besides those of the same host, that may use the mount from a browser.
    ///
    /// Each is one such as `https://example.org`, `null` for pages without an origin (files, sandboxes), or `*` for
    /// every one, which then get no cookies and no HTTP authentication along.
    public var allowedOrigins: [String] = []

    /// Proxies whose word on where a request comes from is taken; none unless named.
    ///
    /// Addresses, networks such as `10.0.0.0/8`, and `unix` for peers over unix sockets. What a client writes itself
    /// counts for nothing.
    public var trustedProxies: [String] = []
    /// The header field in which these proxies say it.
    public var forwardedField = ForwardedField.xForwardedFor

    /// Whether messages carry checksums where a client wishes for them.
    public var agreesOnChecksums = true

    /// The defaults.
    public init() {}

    /// Refuses what cannot work, with a sentence that says which value and why.
    public func validate() throws(ConfigurationError) {
        try session.validate()
        guard path == "/" || (path.hasPrefix("/") && !path.hasSuffix("/") && MountPath.isPlain(path)) else {
            throw ConfigurationError(
                "the mount is \"\(path)\"; it must begin with a slash, end without one, and hold no empty, . or .. "
                    + "segment, such as /longwire")
        }
        if let complaint = allowedOrigins.lazy.compactMap(Self.complaint(aboutOrigin:)).first {
            throw ConfigurationError(complaint)
        }
        if let complaint = trustedProxies.lazy.compactMap(Self.complaint(aboutProxy:)).first {
            throw ConfigurationError(complaint)
        }
        guard maximumSessions > 0 else { throw ConfigurationError("the number of sessions must be at least 1") }
    }

    /// Why something cannot stand in ``allowedOrigins``, as a sentence; nil where it can.
    public static func complaint(aboutOrigin origin: String) -> String? { OriginRule.complaint(about: origin) }

    /// Why something cannot stand in ``trustedProxies``, as a sentence; nil where it can.
    public static func complaint(aboutProxy proxy: String) -> String? { ProxyTrust.complaint(about: proxy) }

    /// Why something cannot be one of a listener's names (``HTTPListener``), as a sentence; nil where it can.
    public static func complaint(aboutHost name: String) -> String? { AllowedHosts.complaint(about: name) }
}
