package import NIOCore
package import NIOWebSocket

/// Makes a line of bytes of a WebSocket (RFC 6455): each write is a binary message, the borders of what comes mean
/// nothing.
package final class WebSocketLine: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = WebSocketFrame
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = WebSocketFrame

    /// The greatest WebSocket frame that is taken, in bytes, for one that is not whole is kept: a window of messages, and
    /// what they cost beside.
    package static let frameLimit = 320 * 1024

    private let isClient: Bool
    private var isCloseSent = false

    /// - Parameter isClient: a client masks what it sends (section 5.3).
    package init(isClient: Bool) { self.isClient = isClient }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .binary, .continuation: context.fireChannelRead(wrapInboundOut(frame.unmaskedData))
        case .ping:
            // Who does not read gets no more of them; one answer for many is enough (section 5.5.3).
            guard context.channel.isWritable else { return }
            send(.pong, frame.unmaskedData, context)
        case .pong: break
        case .connectionClose:
            close(context, code: .normalClosure)
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        default:
            // Text is no frame of ours (7.4.1: a type of data that cannot be accepted).
            close(context, code: .unacceptableData)
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
    }

    /// What comes is no WebSocket: the other side is told once, whatever else was said last.
    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? NIOWebSocketError {
            close(context, code: error == .invalidFrameLength ? .messageTooLarge : .protocolError)
            context.close(promise: nil)
        }
        context.fireErrorCaught(error)
    }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isCloseSent else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        context.write(wrapOutboundOut(frame(.binary, unwrapOutboundIn(data))), promise: promise)
    }

    package func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode != .input { close(context, code: .normalClosure) }
        context.close(mode: mode, promise: promise)
    }

    private func close(_ context: ChannelHandlerContext, code: WebSocketErrorCode) {
        guard !isCloseSent, context.channel.isActive else { return }
        var body = ByteBuffer()
        body.write(webSocketErrorCode: code)
        send(.connectionClose, body, context)
        isCloseSent = true
    }

    private func send(_ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext) {
        guard !isCloseSent else { return }
        context.writeAndFlush(wrapOutboundOut(frame(opcode, data)), promise: nil)
    }

    private func frame(_ opcode: WebSocketOpcode, _ data: ByteBuffer) -> WebSocketFrame {
        WebSocketFrame(fin: true, opcode: opcode, maskKey: isClient ? .random() : nil, data: data)
    }
}
