public import LongwireSession
public import HTTPTypes

/// What is known of who asks for a session.
///
/// A value of one word: whoever holds it while a session lasts, a servlet's task for example, needs no more for it.
public struct SessionRequest: Sendable {
    /// The name of the servlet.
    public var servlet: String {
        get { parts.servlet }
        set { parts.servlet = newValue }
    }
    /// Who asks: whom the servlet's ``AccessRule`` let in, or, where there is none, whom the web server authenticated.
    public var principal: String? {
        get { parts.principal }
        set { parts.principal = newValue }
    }
    /// What it was let in with, where that may cease to count.
    var proof: (any AccessProof)? {
        get { parts.proof }
        set { parts.proof = newValue }
    }
    /// Whom the web server authenticated: `REMOTE_USER`, over FastCGI.
    public var webServerUser: String? {
        get { parts.webServerUser }
        set { parts.webServerUser = newValue }
    }
    /// The subject of the client's certificate, where the web server or the built-in listener verified one.
    public var clientCertificate: String? {
        get { parts.clientCertificate }
        set { parts.clientCertificate = newValue }
    }
    /// The client's address: that of the connection, or what the web server or a trusted proxy tells.
    public var remoteAddress: String? {
        get { parts.remoteAddress }
        set { parts.remoteAddress = newValue }
    }
    /// The head of the HTTP request.
    public var head: HTTPRequest {
        get { parts.head }
        set { parts.head = newValue }
    }
    /// The URL path of the mount.
    public var mountPath: String {
        get { parts.mountPath }
        set { parts.mountPath = newValue }
    }
    /// What the web server says besides, by the names that CGI has for it (RFC 3875): `SERVER_NAME`, `SERVER_PORT`,
    /// `SERVER_PROTOCOL`, `SERVER_SOFTWARE`, `AUTH_TYPE`, and `SERVER_ADDR`, `REMOTE_PORT`, `REQUEST_SCHEME`, `HTTPS`.
    public var variables: [String: String] {
        get { Dictionary(parts.told ?? parts.tell()) { first, _ in first } }
        set { parts.told = newValue.map { ($0.key, $0.value) } }
    }
    /// The greatest message that the mount takes, in bytes.
    public var messageLimit: Int {
        get { parts.messageLimit }
        set { parts.messageLimit = newValue }
    }

    private struct Parts {
        var servlet: String
        var principal: String?
        var proof: (any AccessProof)?
        var webServerUser: String?
        var clientCertificate: String?
        var remoteAddress: String?
        var head: HTTPRequest
        var mountPath: String
        var messageLimit: Int
        var told: ServerVariables?
        /// Most requests go to sessions that are there, and are never asked.
        var tell: @Sendable () -> ServerVariables
    }

    private indirect enum Place {
        case at(Parts)
    }

    private var place: Place
    private var parts: Parts {
        get {
            switch place {
            case .at(let parts): parts
            }
        }
        set { place = .at(newValue) }
    }

    init(
        servlet: String, principal: String?, remoteAddress: String?, head: HTTPRequest, mountPath: String = "/",
        variables: @autoclosure @escaping @Sendable () -> ServerVariables = [], messageLimit: Int = 1024 * 1024,
        webServerUser: String? = nil, clientCertificate: String? = nil
    ) {
        place = .at(
            Parts(
                servlet: servlet, principal: principal, webServerUser: webServerUser,
                clientCertificate: clientCertificate, remoteAddress: remoteAddress, head: head, mountPath: mountPath,
                messageLimit: messageLimit, tell: variables))
    }

    /// The same, holding on to nothing of the transaction that brought it.
    var kept: SessionRequest {
        var parts = parts
        parts.told = parts.told ?? parts.tell()
        parts.tell = { [] }
        parts.proof = nil
        var kept = self
        kept.place = .at(parts)
        return kept
    }

    /// The items of the URL's query, percent-decoded; of several with one name the first.
    public var query: [String: String] {
        guard let path = head.path, let mark = path.firstIndex(of: "?") else { return [:] }
        var items: [String: String] = [:]
        for item in path[path.index(after: mark)...].prefix(while: { $0 != "#" }).split(separator: "&") {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? parts[1] : ""
            guard let name = PercentEncoding.decoded(parts[0], plusIsSpace: true),
                let text = PercentEncoding.decoded(value, plusIsSpace: true), items[name] == nil
            else { continue }
            items[name] = text
        }
        return items
    }
}

/// Whether a session may open.
public enum Acceptance: Sendable {
    /// It may.
    case accepted
    /// It may not; the client is told the code and the reason.
    case refused(CloseCode, reason: String)
}

/// Thrown by a servlet to end its session with a code of its own.
public struct ServletFailure: Error, Sendable, Equatable {
    /// What the client is told.
    public var code: CloseCode
    /// What the client is told in words.
    public var reason: String

    /// An ending for the client to see; codes of 1000 and up are the application's own.
    public init(_ code: CloseCode, reason: String = "") {
        self.code = code
        self.reason = reason
    }
}
