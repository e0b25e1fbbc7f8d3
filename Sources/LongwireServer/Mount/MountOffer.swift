internal import LongwireProtocol
internal import LongwireSession
internal import NIOCore

/// What a mount has for sessions that open now.
struct MountOffer: Sendable {
    private(set) var servlets: [String: ServletKind]
    private(set) var configuration: MountConfiguration
    /// The part of it that every session of this time has.
    private(set) var session: SharedSessionConfiguration
    /// Whose word on the address of a client is taken.
    private(set) var trust: ProxyTrust
    /// Who may use a servlet, of now or before, by its name; everybody where nothing is said.
    private(set) var access: [String: any AccessRule]
    /// Names that had a servlet once: sessions of that time may still be resumed there.
    private(set) var retired: Set<String> = []
    /// How long tasks of servlets, of now or before, may outlive their sessions.
    private(set) var endTime = TimeAmount.zero
    /// The greatest receive window, of now or before, in bytes.
    private(set) var greatestWindow: Int

    /// Refuses what cannot work.
    init(
        servlets: [String: ServletKind], access: [String: any AccessRule], configuration: MountConfiguration
    ) throws(ConfigurationError) {
        try configuration.validate()
        // A rule for what is not there is a name mistyped, and something open that was not meant to be.
        if let name = access.keys.sorted().first(where: { servlets[$0] == nil }) {
            throw ConfigurationError("there is a rule of access for \(name), and no such servlet")
        }
        for name in servlets.keys { try Self.validate(name: name) }
        self.servlets = servlets
        self.access = access
        self.configuration = configuration
        session = SharedSessionConfiguration(configuration.session)
        trust = ProxyTrust(proxies: configuration.trustedProxies, field: configuration.forwardedField)
        greatestWindow = configuration.session.receiveWindow
        endTime = servlets.values.map(\.endTime).max() ?? .zero
    }

    static func validate(name: String) throws(ConfigurationError) {
        guard BrowserFile.named(name) == nil else {
            throw ConfigurationError("\"\(name)\" cannot be a servlet's name; a file for browsers has it")
        }
        guard name.isEmpty || name.hasPrefix("/") || !MountPath.isPlain("/" + name) else { return }
        throw ConfigurationError(
            "\"\(name)\" cannot be a servlet's name; it is the rest of a URL path, such as echo or rooms/lobby")
    }

    /// Takes the place of this, or changes nothing.
    mutating func become(_ next: MountOffer) throws(ConfigurationError) {
        let old = configuration
        guard next.configuration.path == old.path else {
            throw ConfigurationError("the path of a mount cannot change while it serves; it is \(old.path)")
        }
        guard next.configuration.slowServlet == old.slowServlet,
            next.configuration.rememberedEndings == old.rememberedEndings
        else {
            throw ConfigurationError(
                "the time of a slow servlet and the number of remembered endings cannot change while a mount serves")
        }
        retired.formUnion(servlets.keys)
        retired.subtract(next.servlets.keys)
        access = access.filter { retired.contains($0.key) }.merging(next.access) { $1 }
        endTime = max(endTime, next.endTime)
        greatestWindow = max(greatestWindow, next.greatestWindow)
        servlets = next.servlets
        configuration = next.configuration
        session = next.session
        trust = next.trust
    }
}
