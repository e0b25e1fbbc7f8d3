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
        case .unreachable, .timedOut: isAboutHost
        case .notLongwire: false
        }
    }
}
