internal import HTTPTypes
internal import LongwireProtocol
internal import LongwireSession
internal import LongwireTransport
internal import NIOCore

/// A GET with OPEN in its head: the downlink of the transport `stream`.
struct StreamRequest {
    let mount: Mount
    /// Nil where only sessions of before still have its name.
    let servlet: ServletKind?
    let request: SessionRequest

    /// Serves it; the response streams until the path ends.
    func serve(_ text: String, _ exchange: any HTTPExchange) {
        guard let open = Self.open(text) else {
            return Problem(
                status: .badRequest, title: "No OPEN",
                detail: "The header Longwire-Open must bring one OPEN frame of the transport stream, base64url."
            ).answer(exchange)
        }
        switch mount.admit(open, servlet: servlet, request: request, eventLoop: exchange.eventLoop) {
        case .limited(let refusal): exchange.answer(FrameEncoder.encoded(.abort(refusal.abort)))
        case .refused(let abort): exchange.answer(FrameEncoder.encoded(.abort(abort)))
        case .noServlet: mount.noSuchServlet(request.servlet).answer(exchange)
        case .session(let handle):
            mount.watch(exchange, request)
            StreamedCarrier.attach(StreamedCarrier.Attachment(open: open), exchange, to: handle)
        }
    }

    private static func open(_ text: String) -> OpenFrame? {
        guard let bytes = Base64.urlDecoded(text) else { return nil }
        var decoder = FrameDecoder()
        decoder.append(ByteBuffer(bytes: bytes))
        guard case .open(let open) = try? decoder.next(), open.transport == .stream, !decoder.isInsideFrame else {
            return nil
        }
        return open
    }
}
