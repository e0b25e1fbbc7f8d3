package import FastCGI
package import HTTPTypes
package import LongwireProtocol
internal import LongwireTransport
package import NIOCore
package import NIOHTTPTypes

/// A FastCGI request is an HTTP transaction, and who receives that is its handler: nothing stands between the two.
extension FastCGIRequest: HTTPExchange {
    package var receiver: (any HTTPExchangeReceiver)? {
        get { handler as? any HTTPExchangeReceiver }
        set { handler = newValue }
    }

    package func write(head: HTTPResponse) { write(.head(head)) }

    /// Heads of streams differ in the session only.
    private static let stream = FastCGIResponseTemplate(
        HTTPBinding.streamedResponse(session: nil), lastField: .longwireSession)

    package func begin(session: SessionIdentifier) { begin(Self.stream, session.description) }
    package func begin(session: SessionIdentifier, reserved bytes: inout ByteBuffer) {
        begin(Self.stream, session.description, reserved: &bytes)
    }
    package func write(body: ByteBuffer) { write(.body(body)) }
    package func write(reserved bytes: inout ByteBuffer) { writeReserved(&bytes) }

    package func finish() {
        write(.end(nil))
        flush()
    }

    /// Answers of frames differ in nothing else.
    private static let frames = FastCGIResponseTemplate(HTTPBinding.finiteResponse, lastField: .contentLength)

    package func answer(_ frames: ByteBuffer) { respond(Self.frames, body: frames) }

    package func drop() { close() }
}

extension HTTPExchangeReceiver {
    package func received(_ part: HTTPRequestPart) {
        switch part {
        case .head: break
        case .body(let bytes): bodyReceived(bytes)
        case .end: bodyEnded()
        }
    }

    package func writabilityChanged(_ isWritable: Bool) { writabilityChanged() }

    package func closed(_ reason: FastCGICloseReason) { closed() }
}
