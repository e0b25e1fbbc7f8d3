internal import NIOCore
internal import NIOWebSocket

/// Keeps to itself that a wish for a WebSocket was not granted, for the request goes on as a plain one and is answered.
final class RefusedUpgradeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Any

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is NIOWebSocketUpgradeError { return }
        context.fireErrorCaught(error)
    }
}
