internal import HTTPTypes
internal import LongwireProtocol
internal import NIOCore

/// A transaction that came to another process of the mount, at the process whose session it belongs to.
final class ForwardedExchange: HTTPExchange, ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let mount: Mount
    private var context: ChannelHandlerContext?
    private var input = ByteBuffer()
    private var hasHead = false
    private var isOver = false
    let eventLoop: any EventLoop
    var receiver: (any HTTPExchangeReceiver)?

    init(mount: Mount, eventLoop: any EventLoop) {
        self.mount = mount
        self.eventLoop = eventLoop
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        over()
        self.context = nil
    }

    // MARK: From the other process

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Answered: what still comes is nobody's.
        guard !isOver else { return }
        input.writeImmutableBuffer(unwrapInboundIn(data))
        do {
            while !isOver, let frame = try ForwardFrame.next(in: &input) { take(frame) }
            input.discardReadBytes()
        } catch {
            drop()
        }
    }

    private func take(_ frame: ForwardFrame) {
        switch frame {
        case .head(let head, let facts):
            guard !hasHead else { return drop() }
            hasHead = true
            if !mount.serve(head, self, facts: facts, isForwarded: true) { mount.answerElsewhere(self) }
        case .body(let bytes): receiver?.bodyReceived(bytes)
        case .bodyEnded: receiver?.bodyEnded()
        case .response, .finish, .drop: drop()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { receiver?.readCompleted() }
    func channelWritabilityChanged(context: ChannelHandlerContext) { receiver?.writabilityChanged() }
    func channelInactive(context: ChannelHandlerContext) { over() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { drop() }

    private func over() {
        guard !isOver else { return }
        isOver = true
        let receiver = receiver
        self.receiver = nil
        receiver?.closed()
    }

    // MARK: To the other process

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func write(head: HTTPResponse) { write(.response(head)) }
    func write(body: ByteBuffer) { if body.readableBytes > 0 { write(.body(body)) } }
    func flush() { context?.flush() }

    private func write(_ frame: ForwardFrame) {
        guard !isOver else { return }
        context?.write(wrapOutboundOut(frame.encoded()), promise: nil)
    }

    func finish() {
        guard !isOver, let context else { return }
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ForwardFrame.finish.encoded()), promise: nil)
        // The other process closes once it has passed the end on; it may be busy for a while, and not for ever.
        let timeout = eventLoop.scheduleTask(in: .seconds(30)) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in timeout.cancel() }
        over()
    }

    func drop() {
        guard !isOver else { return }
        context?.writeAndFlush(wrapOutboundOut(ForwardFrame.drop.encoded()), promise: nil)
        context?.close(promise: nil)
        over()
    }
}
