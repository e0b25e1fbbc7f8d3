internal import NIOCore

/// Looks at the first bytes of a connection: HTTP/2 announces itself (RFC 9113 section 3.4), all else is HTTP/1.1.
final class PrefaceHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    private let limit: TimeAmount
    private let configure: (any Channel, _ isHTTP2: Bool) throws -> Void
    private var seen = ByteBuffer()
    private var deadline: Scheduled<Void>?

    /// - Parameters:
    ///   - limit: how long the first bytes may take.
    ///   - configure: puts the rest of the pipeline behind this handler.
    init(limit: TimeAmount, configure: @escaping (any Channel, _ isHTTP2: Bool) throws -> Void) {
        self.limit = limit
        self.configure = configure
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        seen.writeImmutableBuffer(unwrapInboundIn(data))
        let isPreface = seen.readableBytesView.starts(with: Self.preface.prefix(seen.readableBytes))
        if isPreface, seen.readableBytes < Self.preface.count { return }
        do {
            try configure(context.channel, isPreface)
        } catch {
            return context.close(promise: nil)
        }
        let bytes = seen
        seen = ByteBuffer()
        context.fireChannelRead(wrapInboundOut(bytes))
        context.fireChannelReadComplete()
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
}
