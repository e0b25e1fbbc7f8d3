package import NIOCore

/// Makes a line of bytes of a WebSocket (RFC 6455): each write is a binary message, the borders of what comes mean
/// nothing.
///
/// It stands at the channel, once the handshake is done. Memory is used again from message to message while they are
/// small, and a line that is silent keeps none of a large one.
package final class WebSocketLine: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// Up to so many bytes are copied behind their head rather than written in two pieces.
    private static let copiedBytes = 2048
    /// The greatest memory that is kept for the next message, in bytes.
    private static let keptBytes = 512
    /// The code of a close that nothing went wrong before (section 7.4.1).
    private static let normalClosure: UInt16 = 1000

    private let encoder: WebSocketEncoder
    private var decoder: WebSocketDecoder
    private var received = ByteBuffer()
    private var written = ByteBuffer()
    private var isCloseSent = false
    /// Nothing that still comes counts.
    private var isOver = false
    /// What came while something before it was being read: a flush that fails reads what the socket still has.
    private var waiting = ByteBuffer()
    private var isReading = false

    /// - Parameter isClient: a client masks what it sends (section 5.3).
    package init(isClient: Bool) {
        encoder = WebSocketEncoder(isClient: isClient)
        decoder = WebSocketDecoder(isClient: isClient)
    }

    // MARK: What comes

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        var input = unwrapInboundIn(data)
        guard !isReading else {
            waiting.writeBuffer(&input)
            return
        }
        isReading = true
        read(&input, context)
        while waiting.readableBytes > 0, !isOver {
            input = waiting
            waiting = ByteBuffer()
            read(&input, context)
        }
        isReading = false
    }

    private func read(_ input: inout ByteBuffer, _ context: ChannelHandlerContext) {
        do throws(WebSocketFault) {
            while let control = try decoder.next(&input, data: &received) {
                deliver(context)
                take(control, context)
                if isOver { return }
            }
            deliver(context)
        } catch {
            deliver(context)
            isOver = true
            close(context, code: error.rawValue)
            context.close(promise: nil)
            context.fireErrorCaught(error)
        }
    }

    private func deliver(_ context: ChannelHandlerContext) {
        guard received.readableBytes > 0 else { return }
        context.fireChannelRead(wrapInboundOut(received))
        Self.empty(&received)
    }

    /// Keeps the memory for the next message, unless it is much; what somebody still reads is left to them.
    private static func empty(_ buffer: inout ByteBuffer) {
        if 1...keptBytes ~= buffer.storageCapacity { buffer.clear() } else { buffer = ByteBuffer() }
    }

    private func take(_ control: WebSocketDecoder.Control, _ context: ChannelHandlerContext) {
        switch control {
        case .ping(let payload):
            // Who does not read gets no more of them; one answer for many is enough (section 5.5.3).
            guard context.channel.isWritable else { return }
            send(WebSocketHead.Opcode.pong, payload, context)
        case .pong: break
        case .close:
            isOver = true
            close(context, code: Self.normalClosure)
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
    }

    // MARK: What goes

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isCloseSent else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        let payload = unwrapOutboundIn(data)
        if payload.readableBytes > Self.copiedBytes,
            let head = encoder.head(WebSocketHead.Opcode.binary, of: payload)
        {
            context.write(wrapOutboundOut(head), promise: nil)
            context.write(data, promise: promise)
            return
        }
        Self.empty(&written)
        encoder.write(WebSocketHead.Opcode.binary, payload, to: &written)
        context.write(wrapOutboundOut(written), promise: promise)
        if written.storageCapacity > Self.keptBytes { written = ByteBuffer() }
    }

    package func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode != .input { close(context, code: Self.normalClosure) }
        context.close(mode: mode, promise: promise)
    }

    private func close(_ context: ChannelHandlerContext, code: UInt16) {
        guard !isCloseSent, context.channel.isActive else { return }
        send(WebSocketHead.Opcode.close, ByteBuffer(integer: code), context)
        isCloseSent = true
    }

    private func send(_ opcode: UInt8, _ payload: ByteBuffer, _ context: ChannelHandlerContext) {
        guard !isCloseSent else { return }
        var frame = ByteBuffer()
        encoder.write(opcode, payload, to: &frame)
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }
}
