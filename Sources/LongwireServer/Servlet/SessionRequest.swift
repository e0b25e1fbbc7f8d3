public import LongwireSession
public import HTTPTypes

/// What is known of who asks for a session.
public struct SessionRequest: Sendable {
    /// The name of the servlet.
    public var servlet: String
    /// Who asks: whom the servlet's ``AccessRule`` let in, or, where there is none, whom the web server authenticated.
    public var principal: String?
    /// Whom the web server authenticated: `REMOTE_USER`, over FastCGI.
    public var webServerUser: String?
    /// The subject of the client's certificate, where the web server or the built-in listener verified one.
    public var clientCertificate: String?
    /// The client's address: that of the connection, or what the web server or a trusted proxy tells.
    public var remoteAddress: String?
    /// The head of the HTTP request.
    public var head: HTTPRequest
    /// The URL path of the mount.
    public var mountPath: String
    /// What the web server says besides, by the names that CGI has for it (RFC 3875): `SERVER_NAME`, `SERVER_PORT`,
    /// `SERVER_PROTOCOL`, `SERVER_SOFTWARE`, `AUTH_TYPE`, and `SERVER_ADDR`, `REMOTE_PORT`, `REQUEST_SCHEME`, `HTTPS`.
    public var variables: [String: String] {
        get { told ?? tell() }
        set { told = newValue }
    }
    /// The greatest message that the mount takes, in bytes.
    public var messageLimit: Int
    private var told: [String: String]?
    /// Most requests go to sessions that are there, and are never asked.
    private var tell: @Sendable () -> [String: String]

    init(
        servlet: String, principal: String?, remoteAddress: String?, head: HTTPRequest, mountPath: String = "/",
        variables: @autoclosure @escaping @Sendable () -> [String: String] = [:], messageLimit: Int = 1024 * 1024
    ) {
        self.servlet = servlet
        self.principal = principal
        self.remoteAddress = remoteAddress
        self.head = head
        self.mountPath = mountPath
        self.messageLimit = messageLimit
        tell = variables
    }

    /// The same, holding on to nothing of the transaction that brought it.
    var kept: SessionRequest {
        var kept = self
        kept.variables = variables
        kept.tell = { [:] }
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
