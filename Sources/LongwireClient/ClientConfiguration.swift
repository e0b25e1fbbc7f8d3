public import LongwireSession
public import Logging
public import NIOCore

/// How a client opens and keeps sessions.
public struct ClientConfiguration: Sendable {
    /// The sizes and times of the session.
    public var session = SessionConfiguration()
    /// More header fields for every request.
    public var headerFields: [(name: String, value: String)] = []
    /// The bearer token that every request brings, asked for each of them; nil from it is none.
    ///
    /// It must not block. The token goes to ``directTCP`` too, where that is named here, and never to a port that only a server offered.
    public var bearerToken: (@Sendable () -> String?)?
    /// How long the name's lookup and the connection may take together.
    public var connectTimeout = TimeAmount.seconds(10)
    /// A file of certificates (PEM) to trust in place of the system's.
    public var trustedCertificates: String?
    /// The server's keys, one of which it must have: its certificate's name, dates and authority then do not count.
    ///
    /// Empty: the certificate is verified. It goes for the server alone, not for a proxy.
    public var pinnedKeys: Set<KeyPin> = []
    /// What the server is shown where it asks for a certificate.
    public var identity: ClientIdentity?
    /// Through which forward proxy servers are reached.
    public var proxy = ProxySetting.fromEnvironment
    /// Whether a proxy is asked for a tunnel (CONNECT) also where the URL is http; for https it always is.
    public var proxyTunnel = false
    /// The transports that may carry the session, the best first; each is tried when the ones before do not pass.
    ///
    /// `tcp` takes part only where its port is known: ``directTCP`` names it, or the server offered it.
    public var transports: [TransportKind] = [.tcp, .duplex, .websocket, .stream, .poll]
    /// Where the server takes sessions on bare TCP; nil: where it says.
    ///
    /// From an https URL the line is TLS too, and the certificate must be for the URL's name.
    public var directTCP: DirectTCP?
    /// How long a lesser transport carries the session until a better one is tried again; zero: never.
    ///
    /// The time is doubled with each try that fails.
    public var promotionInterval = TimeAmount.seconds(30)
    /// How long ``Longwire/follow(_:configuration:)-method`` seeks a next session when a server comes to its end; zero:
    /// a series has one session.
    public var followLimit = TimeAmount.seconds(60)
    /// Whether changed bytes are to be noticed where the URL is http: each message then carries a checksum.
    ///
    /// It is a wish, which servers may leave unheard. What arrives changed is not taken, and comes again.
    public var checksum = false
    /// Told, on the session's event loop, when the line changes; it must not block.
    public var onChange: (@Sendable (SessionChange) -> Void)?
    /// How many attempts in a row to open the line again may fail before the session is given up as lost.
    ///
    /// Zero: a broken line is the end. Nil: it is tried for as long as the server keeps the session.
    public var reconnectLimit: Int?
    /// Told, on the session's event loop, of every frame that is written or read; it must not block.
    ///
    /// For looking at a line: what is written is decoded once more for it. Nil costs nothing.
    public var onFrame: (@Sendable (FrameTrace) -> Void)?
    /// Whether messages that were not begun are kept for another session.
    var keepsUnbegun = false
    /// Whether bodies of duplex transactions declare a length from the first attempt on.
    var declaresLength = false
    /// Whether ``directTCP`` is what the server offered: then it gets no credentials.
    var isDirectOffered = false
    /// Whether streamed responses are to begin with a prelude from the first attempt on.
    package var asksPrelude = false
    /// Shown the heads of responses, on the event loop of their connection.
    var onResponseHead: ResponseObserver.Observer?
    /// Where the library logs; it logs nothing above debug.
    public var logger = Logger(label: "longwire.client")

    /// The defaults.
    public init() {}

    /// Refuses what cannot work, with a sentence that says which value and why.
    func validate() throws(ConfigurationError) {
        try session.validate()
        guard pinnedKeys.isEmpty || trustedCertificates == nil else {
            throw ConfigurationError("pinned keys and certificates to trust contradict each other; choose one")
        }
        guard !transports.isEmpty, !transports.contains(.uplink), Set(transports).count == transports.count else {
            throw ConfigurationError(
                "the transports are \(transports); name some of tcp, duplex, websocket, stream and poll, each once")
        }
        if let directTCP {
            guard (1...65535).contains(directTCP.port) else {
                throw ConfigurationError("\(directTCP.port) is no TCP port; they are 1 to 65535")
            }
        } else if transports == [.tcp] {
            throw ConfigurationError(
                "tcp alone needs its port, which only another transport could ask the server for; name it")
        }
    }
}

/// What happened to a session's line.
public enum SessionChange: Sendable, Equatable {
    /// A line carries the session; nothing was lost in between.
    case connected(TransportKind)
    /// The line broke, for this reason; another one is being opened.
    case reconnecting(String)
    /// The server will end soon and advises to close.
    case going(CloseCode)
}
