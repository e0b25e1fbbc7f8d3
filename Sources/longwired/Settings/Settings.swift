internal import LongwireServer
internal import Logging
internal import NIOCore

/// Everything that can be chosen about longwired, with its defaults; made by ``SettingsLoader``.
struct Settings: Sendable {
    var mount = MountConfiguration().path
    var fastCGI: [String] = []
    var http: [String] = []
    var tcp: [String] = []
    /// The port that clients are told of; nil for the listener's own, 0 for none.
    var tcpOffer: Int?
    /// The files of the certificate and the key for TLS at the TCP listener.
    var tcpCertificate: String?
    var tcpKey: String?
    var https: [String] = []
    /// The files of the certificate, the key and the clients' authorities for HTTPS.
    var httpsCertificate: String?
    var httpsKey: String?
    var httpsClients: String?
    /// Under which names HTTP may be asked for, besides this machine's.
    var hosts: [String] = []
    /// Who may use servlets that say nothing else, and those that do, by their names.
    var access = AccessSpecification.open
    var servletAccess: [String: AccessSpecification] = [:]
    /// What JSON Web Tokens must say.
    var jwt = JWTSettings()
    var trustedProxies: [String] = []
    var forwardedField = ForwardedField.xForwardedFor
    var checksum = Answer.yes
    /// Of which pages besides its own longwired lets browsers in.
    var allowedOrigins: [String] = []
    var servlets: [String: ServletSpecification] = ServletSpecification.standard
    var session = SessionConfiguration()
    var sessions = MountConfiguration().maximumSessions
    var limits = MountConfiguration().limits
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

    /// A wish of clients that is granted, or is not.
    enum Answer: String, Sendable, CaseIterable { case yes, no }

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
        // The default gives way to a shorter heartbeat; what somebody asked for does not, silently.
        if origins["session.hold"] == nil {
            configuration.session.pollHold = min(session.pollHold, session.heartbeat)
        }
        configuration.agreesOnChecksums = checksum == .yes
        configuration.maximumSessions = sessions
        configuration.limits = limits
        configuration.rememberedEndings = rememberedEndings
        configuration.slowServlet = slowServlet
        configuration.allowedOrigins = allowedOrigins
        configuration.trustedProxies = trustedProxies
        configuration.forwardedField = forwardedField
        return configuration
    }

    /// The certificate of the TCP listener, read from its files; nil where none was asked for.
    func tcpCertificateRead() throws(Reload.Refused) -> ListenerCertificate? {
        try certificate("tcp", tcpCertificate, tcpKey)
    }

    /// The certificate of the HTTPS listeners, read from its files; nil where there are none.
    func httpsCertificateRead() throws(Reload.Refused) -> ListenerCertificate? {
        let certificate = try certificate(
            "https", httpsCertificate, httpsKey, clients: httpsClients, protocols: ["h2", "http/1.1"])
        guard certificate == nil, !https.isEmpty || httpsClients != nil else { return certificate }
        let path = https.isEmpty ? "listen.https-clients" : "listen.https"
        let sentence = "HTTPS needs a certificate; name listen.https-certificate and listen.https-key"
        throw Reload.Refused(complaints: [Complaint(origin(of: path), sentence)])
    }

    private func certificate(
        _ listener: String, _ file: String?, _ key: String?, clients: String? = nil, protocols: [String] = []
    ) throws(Reload.Refused) -> ListenerCertificate? {
        guard file != nil || key != nil else { return nil }
        let path = "listen.\(listener)-\(file == nil ? "key" : "certificate")"
        guard let file, let key else {
            let sentence =
                "listen.\(listener)-certificate and listen.\(listener)-key belong together; name the other one too"
            throw Reload.Refused(complaints: [Complaint(origin(of: path), sentence)])
        }
        do {
            return try ListenerCertificate(certificate: file, key: key, clients: clients, protocols: protocols)
        } catch {
            throw Reload.Refused(complaints: [Complaint(origin(of: path), "\(error)")])
        }
    }

    /// Who may use a servlet.
    func access(of servlet: String) -> AccessSpecification { servletAccess[servlet] ?? access }

    func origin(of path: String) -> Origin { origins[path] ?? .standard }
}
