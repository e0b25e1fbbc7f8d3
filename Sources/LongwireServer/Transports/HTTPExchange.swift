package import FastCGI
package import HTTPTypes
package import LongwireProtocol
internal import LongwireTransport
package import NIOCore

/// The server's side of one HTTP transaction, whatever carries it.
///
/// It is the seam between FastCGI or HTTP/1.1 below and the transports above. Everything happens on ``eventLoop``.
package protocol HTTPExchange: AnyObject {
    var eventLoop: any EventLoop { get }
    /// The transport that this is, where it is no HTTP transaction but a bare line of bytes: `tcp` or `websocket`.
    var line: TransportKind? { get }
    /// Whether the response takes more now; ``HTTPExchangeReceiver/writabilityChanged()`` tells of a change.
    var isWritable: Bool { get }
    /// Whoever is told of the request's body; kept alive until the exchange is over.
    var receiver: (any HTTPExchangeReceiver)? { get set }

    func write(head: HTTPResponse)
    /// Writes the head of a response of frames that streams.
    func begin(session: SessionIdentifier)
    /// The same with the first piece of the body, as ``write(reserved:)`` wants it.
    func begin(session: SessionIdentifier, reserved bytes: inout ByteBuffer)
    func write(body: ByteBuffer)
    /// The bytes that are wanted free before a piece of the body, for a header in the same memory.
    var headroom: Int { get }
    /// Writes a piece of the body behind ``headroom`` free bytes; `bytes` must be the only reference to its storage.
    func write(reserved bytes: inout ByteBuffer)
    func flush()
    /// Ends the response, after everything written.
    func finish()
    /// Ends the transaction at once, however HTTP shows it.
    func drop()
    /// Answers with a finite body of frames, perhaps none, and ends the transaction.
    func answer(_ frames: ByteBuffer)
}

extension HTTPExchange {
    package var line: TransportKind? { nil }
    package var headroom: Int { 0 }
    package func write(reserved bytes: inout ByteBuffer) { write(body: bytes) }

    package func begin(session: SessionIdentifier) {
        write(head: HTTPBinding.streamedResponse(session: session.description))
    }

    package func begin(session: SessionIdentifier, reserved bytes: inout ByteBuffer) {
        begin(session: session)
        write(reserved: &bytes)
    }

    package func answer(_ frames: ByteBuffer) {
        write(head: HTTPBinding.finiteResponse(length: frames.readableBytes))
        if frames.readableBytes > 0 { write(body: frames) }
        finish()
    }
}

/// Whoever serves one HTTP transaction; FastCGI tells it directly.
package protocol HTTPExchangeReceiver: FastCGIRequestHandler {
    func bodyReceived(_ bytes: ByteBuffer)
    func bodyEnded()
    /// Everything of one read has been handed over: the moment to write.
    func readCompleted()
    func writabilityChanged()
    /// The transaction is gone; nothing follows.
    func closed()
}

/// Names of CGI and values, each name once: a list, as every session keeps them until it starts and few are ever asked.
package typealias ServerVariables = [(name: String, value: String)]

/// What is known of a transaction besides its head.
package struct ExchangeFacts: Sendable {
    /// The web server, or the client, reached us over TCP of this very machine.
    package var isLoopbackTCP: Bool
    package var remoteAddress: String?
    /// Whom the web server authenticated.
    package var principal: String?
    /// The subject of the client's certificate, where one was verified.
    package var clientCertificate: String?
    /// Under which names the listener may be asked; nil where a web server has decided that.
    var hosts: AllowedHosts?
    /// What else the web server, or the connection, says, by CGI's names (``SessionRequest/variables``).
    package var variables: @Sendable () -> ServerVariables

    package init(
        isLoopbackTCP: Bool, remoteAddress: String?, principal: String?,
        variables: @escaping @Sendable () -> ServerVariables = { [] }
    ) {
        self.isLoopbackTCP = isLoopbackTCP
        self.remoteAddress = remoteAddress
        self.principal = principal
        self.variables = variables
    }
}

extension ExchangeFacts {
    /// What a connection says of itself, where no web server is between.
    static func direct(_ channel: any Channel) -> ExchangeFacts {
        let address = channel.remoteAddress?.ipAddress
        return ExchangeFacts(
            isLoopbackTCP: address.map { $0.hasPrefix("127.") || $0 == "::1" } ?? false, remoteAddress: address,
            principal: nil)
    }

    /// The same where it is known under which names it may be asked, and whether with TLS.
    static func direct(_ channel: any Channel, _ listener: ListenerFacts) -> ExchangeFacts {
        var facts = direct(channel)
        facts.hosts = listener.hosts
        if listener.isSecure {
            facts.clientCertificate = ListenerCertificate.subject(ofClientOf: channel)
            facts.variables = { [("REQUEST_SCHEME", "https"), ("HTTPS", "on")] }
        }
        return facts
    }
}
