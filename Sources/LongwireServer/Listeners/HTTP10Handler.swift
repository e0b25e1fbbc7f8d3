internal import NIOCore
internal import NIOHTTP1

/// Answers a client that speaks HTTP/1.0, such as an old proxy, so that it understands: without chunks, and with the
/// end of the connection as the end of a body that has no length.
final class HTTP10Handler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private var isOld = false
    private var endsWithConnection = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) {
            isOld = head.version == .http1_0
            endsWithConnection = false
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard isOld else { return context.write(data, promise: promise) }
        switch unwrapOutboundIn(data) {
        case .head(var head):
            head.version = .http1_0
            // Whether it would keep the connection is not asked: who speaks HTTP/1.0 can make another one.
            head.headers.replaceOrAdd(name: "Connection", value: "close")
            endsWithConnection = true
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end where endsWithConnection:
            let promise = promise ?? context.eventLoop.makePromise()
            let channel = context.channel
            promise.futureResult.whenComplete { _ in
                channel.close(mode: .output).whenFailure { _ in channel.close(promise: nil) }
            }
            context.write(data, promise: promise)
        case .body, .end: context.write(data, promise: promise)
        }
    }
}
