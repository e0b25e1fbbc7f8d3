internal import NIOCore
internal import NIOHTTP1

/// Sends the request for a WebSocket, and takes the answer where that is another one than yes.
final class UpgradeRequest: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let head: HTTPRequestHead
    private let refused: (FiniteResponse?) -> Void
    private var answer: FiniteResponse?
    /// The WebSocket stands, or the answer was told.
    var isOver = false

    /// - Parameter refused: told of the answer; of nil where the connection ended without one.
    init(_ head: HTTPRequestHead, refused: @escaping (FiniteResponse?) -> Void) {
        self.head = head
        self.refused = refused
    }

    func handlerAdded(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            answer = FiniteResponse(head)
            // Only what a problem says is worth waiting for.
            if answer?.contentType.hasPrefix("application/problem+json") != true { end(context) }
        case .body(let bytes):
            if let size = answer?.body.readableBytes, size < 8192 { answer?.body.writeImmutableBuffer(bytes) }
        case .end: end(context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if isOver { return context.fireErrorCaught(error) }
        end(context)
    }

    private func end(_ context: ChannelHandlerContext) {
        guard !isOver else { return }
        isOver = true
        refused(answer)
        context.close(promise: nil)
    }
}

/// Says why there is no WebSocket.
enum UpgradeRefusal {
    static func describe(_ answer: FiniteResponse, dialer: Dialer) -> ConnectError {
        let place = "\(dialer.endpoint.authority)\(dialer.endpoint.target)"
        // Who passes requests on without the upgrade gets the page that is there for people.
        let kind: ConnectError.Kind = answer.status == 200 ? .notLongwire : .status(answer.status)
        let detail = ProblemBody.detail(String(buffer: answer.body)).map { ": \($0)" } ?? ""
        return ConnectError(
            kind, "\(place) makes no WebSocket, it answered with status \(answer.status)\(detail)")
    }

    /// Whether another request there would be answered the same tomorrow.
    static func isLasting(_ reason: ConnectError) -> Bool {
        switch reason.kind {
        case .notLongwire: true
        case .status(let status): [400, 405, 426, 501, 505].contains(status)
        default: false
        }
    }
}
