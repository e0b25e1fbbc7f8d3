internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// One HTTP/1.1 connection of a peer's client: requests one after the other, and what comes in answer.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// What comes of a response.
    enum Part {
        case status(Int)
        case body(ByteBuffer)
        /// Everything of one read has been told.
        case readEnded
        case end
        case closed
    }

    /// Told of everything that comes.
    var told: ((Part) -> Void)?
    private var context: ChannelHandlerContext?
    private let host: String

    private init(host: String) { self.host = host }

    static func open(port: Int, on loop: any EventLoop) -> EventLoopFuture<NIOLoopBound<HTTPConnection>> {
        let connection = NIOLoopBound(HTTPConnection(host: "127.0.0.1:\(port)"), eventLoop: loop)
        return ClientBootstrap(group: loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(connection.value)
                }
            }
            .connect(host: "127.0.0.1", port: port).map { _ in connection }
    }

    func request(
        _ method: HTTPMethod, _ target: String, _ fields: [(String, String)] = [], body: ByteBuffer? = nil
    ) {
        guard let context else { return }
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: target)
        head.headers.add(name: "Host", value: host)
        for (name, value) in fields { head.headers.add(name: name, value: value) }
        if let body { head.headers.add(name: "Content-Length", value: "\(body.readableBytes)") }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func close() {
        told = nil
        context?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): told?(.status(Int(head.status.code)))
        case .body(let bytes): told?(.body(bytes))
        case .end: told?(.end)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { told?(.readEnded) }
    func channelInactive(context: ChannelHandlerContext) { told?(.closed) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
