internal import NIOCore

/// How a connection is closed.
enum ChaosClosing {
    /// In order: FIN.
    case cut
    /// RST.
    case reset
}

/// One end of a ``ChaosLine``: reads one way of it, no faster than that takes it.
final class ChaosEnd: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let line: ChaosLine
    private let direction: ChaosDirection
    private var context: ChannelHandlerContext?
    private var wantsRead = false
    private var wasReset = false

    /// - Parameter direction: the way that is read here.
    init(_ line: ChaosLine, _ direction: ChaosDirection) {
        self.line = line
        self.direction = direction
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func read(context: ChannelHandlerContext) {
        if line.mayRead(direction) { context.read() } else { wantsRead = true }
    }

    func readMore() {
        guard wantsRead, line.mayRead(direction) else { return }
        wantsRead = false
        context?.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { line.received(unwrapInboundIn(data), direction) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { line.ended(direction) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { line.pump() }
    }

    func channelInactive(context: ChannelHandlerContext) { line.closed(direction, wasReset ? .reset : .cut) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        wasReset = true
        context.close(promise: nil)
    }
}
