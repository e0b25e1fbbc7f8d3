internal import HTTPTypes
internal import LongwireProtocol
internal import LongwireSession
internal import NIOCore

/// A connection that carries frames and nothing else, as a transaction: the transports `tcp` and `websocket`.
final class LineExchange: HTTPExchange, ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let line: TransportKind?
    private let begin: (LineExchange) -> any HTTPExchangeReceiver
    private var context: ChannelHandlerContext?
    private var isOver = false
    let eventLoop: any EventLoop
    var receiver: (any HTTPExchangeReceiver)?

    /// - Parameter begin: asked for whoever serves it, once there is a connection.
    init(
        _ line: TransportKind, eventLoop: any EventLoop,
        begin: @escaping (LineExchange) -> any HTTPExchangeReceiver
    ) {
        self.line = line
        self.eventLoop = eventLoop
        self.begin = begin
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        receiver = begin(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        over()
        self.context = nil
    }

    // MARK: From the channel

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { receiver?.bodyReceived(unwrapInboundIn(data)) }

    func channelReadComplete(context: ChannelHandlerContext) { receiver?.readCompleted() }

    func channelWritabilityChanged(context: ChannelHandlerContext) { receiver?.writabilityChanged() }

    func channelInactive(context: ChannelHandlerContext) { over() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else { return }
        drop()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { drop() }

    private func over() {
        guard !isOver else { return }
        isOver = true
        let receiver = receiver
        self.receiver = nil
        receiver?.closed()
    }

    // MARK: To the channel

    var isWritable: Bool { context?.channel.isWritable ?? false }

    /// A bare line has no heads.
    func write(head: HTTPResponse) {}

    func write(body: ByteBuffer) {
        guard !isOver else { return }
        context?.write(wrapOutboundOut(body), promise: nil)
    }

    func flush() { context?.flush() }

    func finish() {
        guard !isOver, let channel = context?.channel else { return }
        context?.flush()
        // Our side ends, and the connection once the client has read what we wrote, or soon.
        channel.close(mode: .output).whenFailure { _ in channel.close(promise: nil) }
        _ = eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
        over()
    }

    func drop() {
        guard !isOver else { return }
        context?.close(promise: nil)
        over()
    }
}
