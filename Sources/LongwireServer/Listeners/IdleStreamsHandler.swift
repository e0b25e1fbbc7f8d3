internal import NIOCore

/// Closes a connection of HTTP/2 that has had no stream for too long.
final class IdleStreamsHandler: ChannelInboundHandler {
    typealias InboundIn = Any

    private let limit: TimeAmount
    private var context: ChannelHandlerContext?
    private var streams = 0
    private var deadline: Scheduled<Void>?

    init(limit: TimeAmount) { self.limit = limit }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        wait()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        deadline?.cancel()
    }

    /// A stream was opened.
    func opened(_ stream: any Channel) {
        streams += 1
        deadline?.cancel()
        let handler = NIOLoopBound(self, eventLoop: stream.eventLoop)
        stream.closeFuture.whenComplete { _ in handler.value.closed() }
    }

    private func closed() {
        streams -= 1
        if streams == 0 { wait() }
    }

    private func wait() {
        guard let channel = context?.channel else { return }
        deadline = channel.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
    }
}
