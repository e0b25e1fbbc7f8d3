internal import NIOCore
internal import NIOHTTP1

/// One HTTP/1.1 connection that carries requests with finite bodies, one after the other.
final class RequestConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    typealias Completion = (FiniteResponse, _ isReusable: Bool) -> Void

    private let dialer: Dialer
    private let gone: (RequestConnection, ConnectError) -> Void
    private var context: ChannelHandlerContext?
    private var completion: Completion?
    private var response: FiniteResponse?
    private var isReusable = false
    private(set) var isGone = false
    private var requests = 0

    /// The greatest answer that is read, in bytes: more is not from a Longwire server.
    private static let bodyLimit = 4 * 1024 * 1024

    /// - Parameter gone: called once when the connection ends by itself, with what was wrong.
    init(dialer: Dialer, gone: @escaping (RequestConnection, ConnectError) -> Void) {
        self.dialer = dialer
        self.gone = gone
    }

    /// Whether it has carried a request before the one under way.
    var wasReused: Bool { requests > 1 }
    /// Whether anything came in answer to the request under way.
    var hasAnswerBegun: Bool { response != nil }

    /// Sends a request on a connection that is open and free.
    ///
    /// Either `completion` is called with the whole response, or `gone` with what was wrong.
    func send(_ head: HTTPRequestHead, body: ByteBuffer, completion: @escaping Completion) {
        requests += 1
        self.completion = completion
        response = nil
        guard let context else { return }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if body.readableBytes > 0 { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// Closes the connection; nobody is told.
    func close() {
        isGone = true
        completion = nil
        context?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            // HTTP/1.0 proxies close after each response, also those that say so in a field of their own.
            isReusable = head.isKeepAlive && !head.headers["Proxy-Connection"].contains { $0.lowercased() == "close" }
            response = FiniteResponse(head)
        case .body(let bytes):
            guard (response?.body.readableBytes ?? 0) + bytes.readableBytes <= Self.bodyLimit else {
                return closed(
                    ConnectError(.notLongwire, "\(dialer.endpoint.authority) answered with more than was asked for"))
            }
            if response?.body.readableBytes == 0 {
                response?.body = bytes
            } else {
                response?.body.writeImmutableBuffer(bytes)
            }
        case .end:
            guard let response, let completion else { return }
            self.response = nil
            self.completion = nil
            completion(response, isReusable && !isGone)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        closed(ConnectError(.unreachable, "the connection was closed"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        closed(DialFailure.describe(error, dialer: dialer))
    }

    private func closed(_ why: ConnectError) {
        guard !isGone else { return }
        isGone = true
        context?.close(promise: nil)
        if let response, let completion, response.status != 200 {
            // It says more than how it ended.
            self.completion = nil
            completion(response, false)
        }
        completion = nil
        gone(self, why)
    }
}
