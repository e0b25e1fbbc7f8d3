internal import LongwireTransport
internal import NIOCore
internal import NIOHTTP1
internal import NIOWebSocket

/// Asks for a WebSocket and takes the answer (RFC 6455 section 4) as SwiftNIO does, but leaves frames to
/// ``WebSocketLine``.
struct WebSocketUpgrader: NIOHTTPClientProtocolUpgrader, Sendable {
    private let handshake: NIOWebSocketClientUpgrader
    private let upgraded: @Sendable (any Channel) throws -> Void

    /// - Parameter upgraded: sets up the channel, once the server has agreed.
    init(upgraded: @escaping @Sendable (any Channel) throws -> Void) {
        let key = Base64.encoded((0..<16).map { _ in UInt8.random(in: .min ... .max) })
        handshake = NIOWebSocketClientUpgrader(requestKey: key, automaticErrorHandling: false) { channel, _ in
            channel.eventLoop.makeSucceededVoidFuture()
        }
        self.upgraded = upgraded
    }

    var supportedProtocol: String { handshake.supportedProtocol }
    var requiredUpgradeHeaders: [String] { handshake.requiredUpgradeHeaders }

    func addCustom(upgradeRequestHeaders: inout HTTPHeaders) {
        handshake.addCustom(upgradeRequestHeaders: &upgradeRequestHeaders)
    }

    func shouldAllowUpgrade(upgradeResponse: HTTPResponseHead) -> Bool {
        handshake.shouldAllowUpgrade(upgradeResponse: upgradeResponse)
    }

    func upgrade(context: ChannelHandlerContext, upgradeResponse: HTTPResponseHead) -> EventLoopFuture<Void> {
        context.eventLoop.makeCompletedFuture { try upgraded(context.channel) }
    }
}
