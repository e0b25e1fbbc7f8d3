internal import NIOCore
internal import NIOHTTP1

/// Lets nothing but the plain wish for a WebSocket reach the upgrade: whoever asks for anything else, or for many
/// things, asks for none, as RFC 9110 section 7.8 allows.
///
/// The upgrade behind it would look at each name of a list one level deeper in the stack.
final class UpgradeFilter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data), head.headers.contains(name: "Upgrade") else {
            return context.fireChannelRead(data)
        }
        let wishes = head.headers["Upgrade"]
        if wishes.count != 1 || wishes[0].lowercased() != "websocket" { head.headers.remove(name: "Upgrade") }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }
}
