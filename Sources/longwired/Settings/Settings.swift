internal import LongwireServer
internal import Logging
internal import NIOCore

/// Everything that can be chosen about longwired, with its defaults; made by ``SettingsLoader``.
struct Settings: Sendable {
    var mount = MountConfiguration().path
    var fastCGI: [String] = []
    var http: [String] = []
    /// Of which pages besides its own longwired lets browsers in.
    var allowedOrigins: [String] = []
    var servlets: [String: ServletSpecification] = ServletSpecification.standard
    var session = SessionConfiguration()
    var sessions = MountConfiguration().maximumSessions
    var connections = FastCGILimits.connections
    var rememberedEndings = MountConfiguration().rememberedEndings
    var slowServlet = MountConfiguration().slowServlet
    var drainWindow = TimeAmount.seconds(5)
    var drainLimit = TimeAmount.seconds(30)
    var logLevel = Logger.Level.notice
    var logFormat = LogFormat.text
    /// The operator's socket; nil for its standard place, where it need not open.
    var control: String?
    /// The number of event loops; nil for one less than there are cores.
    var loops: Int?
    /// Where values were given that are not the default, by the key's path; a servlet's by `servlets.NAME`.
    var origins: [String: Origin] = [:]

    /// What the window of a session means: both of its buffers.
    var window: Int {
        get { session.receiveWindow }
        set {
            session.receiveWindow = newValue
            session.sendBuffer = newValue
        }
    }

    var mountConfiguration: MountConfiguration {
        var configuration = MountConfiguration()
        configuration.path = mount
        configuration.session = session
        configuration.session.pollHold = min(session.pollHold, session.heartbeat)
        configuration.maximumSessions = sessions
        configuration.rememberedEndings = rememberedEndings
        configuration.slowServlet = slowServlet
        configuration.allowedOrigins = allowedOrigins
        return configuration
    }

    func origin(of path: String) -> Origin { origins[path] ?? .standard }
}
