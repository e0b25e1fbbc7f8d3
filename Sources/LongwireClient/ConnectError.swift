public import LongwireSession

/// Why a session could not be opened.
public struct ConnectError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of failure, by what can be done about them.
    public enum Kind: Sendable, Equatable {
        /// The URL is not one.
        case invalidURL
        /// The host's name is not known.
        case nameNotFound
        /// Nobody listens there.
        case refused
        /// The host could not be reached otherwise.
        case unreachable
        /// No answer in time.
        case timedOut
        /// The server's certificate is not to be trusted, or TLS failed.
        case tls
        /// The forward proxy on the way to the server could not be used, or did not let this pass.
        case proxy(ProxyFailure)
        /// The web server answered with another status than 200.
        case status(Int)
        /// What answered does not speak this protocol.
        case notLongwire
        /// The server speaks no version that this client does.
        case version
        /// The server refused the session, with this code.
        case refusedByServer(CloseCode)
        /// The task that connected was cancelled.
        case cancelled
    }

    /// What may be wrong with a forward proxy.
    public enum ProxyFailure: Sendable, Equatable {
        /// Its name is not known.
        case nameNotFound
        /// Nobody listens there.
        case refused
        /// It could not be reached otherwise, or closed the connection.
        case unreachable
        /// It did not answer in time.
        case timedOut
        /// Its certificate is not to be trusted, or TLS with it failed.
        case tls
        /// It asks for a user name and password, or does not take those of its URL (status 407).
        case authentication
        /// It answered in place of the server: it does not allow the connection, or could not make it.
        case status(Int)
        /// What answered is no HTTP proxy.
        case notProxy
    }

    /// What went wrong.
    public var kind: Kind
    /// A sentence that says what is wrong, and what to do where that is known.
    public var description: String
    /// Whether no connection came about at all.
    var isAboutHost = false

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    /// Whether another transport over the same host would fail as well.
    var isAboutEveryTransport: Bool {
        switch kind {
        case .invalidURL, .nameNotFound, .refused, .tls, .version, .refusedByServer, .cancelled: true
        case .status(let status): [401, 403, 404, 407, 429].contains(status) || [500, 502, 503, 504].contains(status)
        case .proxy(.status(let status)): isAboutHost || [403, 500, 502, 503, 504].contains(status)
        case .proxy: true
        case .unreachable, .timedOut: isAboutHost
        case .notLongwire: false
        }
    }
}
