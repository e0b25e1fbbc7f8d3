internal import NIOCore
internal import NIOHTTP1
internal import NIOWebSocket

/// Answers the handshake of a WebSocket (RFC 6455 section 4) as SwiftNIO does, but leaves frames to ``WebSocketLine``.
struct WebSocketUpgrader: HTTPServerProtocolUpgrader, Sendable {
    private let handshake: NIOWebSocketServerUpgrader
    private let upgraded: @Sendable (any Channel) throws -> Void

    /// - Parameters:
    ///   - shouldUpgrade: what to say beside in the answer; nil where it stays a plain request.
    ///   - upgraded: sets up the channel, once the answer is written.
    init(
        shouldUpgrade: @escaping @Sendable (any Channel, HTTPRequestHead) -> EventLoopFuture<HTTPHeaders?>,
        upgraded: @escaping @Sendable (any Channel) throws -> Void
    ) {
        handshake = NIOWebSocketServerUpgrader(automaticErrorHandling: false, shouldUpgrade: shouldUpgrade) {
            channel, _ in channel.eventLoop.makeSucceededVoidFuture()
        }
        self.upgraded = upgraded
    }

    var supportedProtocol: String { handshake.supportedProtocol }
    var requiredUpgradeHeaders: [String] { handshake.requiredUpgradeHeaders }

    func buildUpgradeResponse(
        channel: any Channel, upgradeRequest: HTTPRequestHead, initialResponseHeaders: HTTPHeaders
    ) -> EventLoopFuture<HTTPHeaders> {
        handshake.buildUpgradeResponse(
            channel: channel, upgradeRequest: upgradeRequest, initialResponseHeaders: initialResponseHeaders)
    }

    func upgrade(context: ChannelHandlerContext, upgradeRequest: HTTPRequestHead) -> EventLoopFuture<Void> {
        context.eventLoop.makeCompletedFuture { try upgraded(context.channel) }
    }
}
