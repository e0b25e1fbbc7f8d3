internal import FastCGI
internal import HTTPTypes
internal import LongwireProtocol
internal import LongwireTransport
internal import NIOCore
internal import NIOHTTPTypes

/// One FastCGI request as an HTTP transaction.
final class FastCGIExchange: HTTPExchange, FastCGIRequestHandler {
    private let request: FastCGIRequest
    var receiver: (any HTTPExchangeReceiver)?

    init(_ request: FastCGIRequest) { self.request = request }

    var eventLoop: any EventLoop { request.eventLoop }
    var isWritable: Bool { request.isWritable }

    func write(head: HTTPResponse) { request.write(.head(head)) }

    /// Heads of streams differ in the session only.
    private static let stream = FastCGIResponseTemplate(
        HTTPBinding.streamedResponse(session: nil), lastField: .longwireSession)

    func begin(session: SessionIdentifier) { request.begin(Self.stream, session.description) }
    func begin(session: SessionIdentifier, reserved bytes: inout ByteBuffer) {
        request.begin(Self.stream, session.description, reserved: &bytes)
    }
    func write(body: ByteBuffer) { request.write(.body(body)) }
    var headroom: Int { FastCGIRequest.headroom }
    func write(reserved bytes: inout ByteBuffer) { request.writeReserved(&bytes) }
    func flush() { request.flush() }

    func finish() {
        request.write(.end(nil))
        request.flush()
    }

    /// Answers of frames differ in nothing else.
    private static let frames = FastCGIResponseTemplate(HTTPBinding.finiteResponse, lastField: .contentLength)

    func answer(_ frames: ByteBuffer) {
        request.respond(Self.frames, body: frames)
    }

    func drop() {
        request.close()
    }

    func received(_ part: HTTPRequestPart) {
        switch part {
        case .head: break
        case .body(let bytes): receiver?.bodyReceived(bytes)
        case .end: receiver?.bodyEnded()
        }
    }

    func readCompleted() { receiver?.readCompleted() }
    func writabilityChanged(_ isWritable: Bool) { receiver?.writabilityChanged() }

    func closed(_ reason: FastCGICloseReason) {
        let receiver = receiver
        self.receiver = nil
        receiver?.closed()
    }
}
