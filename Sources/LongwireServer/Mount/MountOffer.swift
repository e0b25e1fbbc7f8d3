internal import LongwireProtocol
internal import LongwireSession
internal import NIOCore

/// What a mount has for sessions that open now.
struct MountOffer: Sendable {
    private(set) var servlets: [String: ServletKind]
    private(set) var configuration: MountConfiguration
    /// The part of it that every session of this time has.
    private(set) var session: SharedSessionConfiguration
    /// Names that had a servlet once: sessions of that time may still be resumed there.
    private(set) var retired: Set<String> = []
    /// How long tasks of servlets, of now or before, may outlive their sessions.
    private(set) var endTime = TimeAmount.zero
    /// The greatest receive window, of now or before, in bytes.
    private(set) var greatestWindow: Int

    /// Refuses what cannot work.
    init(servlets: [String: ServletKind], configuration: MountConfiguration) throws(ConfigurationError) {
        try configuration.validate()
        for name in servlets.keys { try Self.validate(name: name) }
        self.servlets = servlets
        self.configuration = configuration
        session = SharedSessionConfiguration(configuration.session)
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
        endTime = max(endTime, next.endTime)
        greatestWindow = max(greatestWindow, next.greatestWindow)
        servlets = next.servlets
        configuration = next.configuration
        session = next.session
    }
}
