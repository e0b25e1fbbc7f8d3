// What lies between the two rules is Docs/embedding.md's own text; EmbeddingTests compares them.
// ----
import HTTPTypes
import LongwireServer
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOPosix

/// The routes that the program had before.
final class OwnRoutes: ChannelInboundHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart
    private var path = ""

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): path = head.path ?? ""
        case .body: break
        case .end:
            let text = "you asked for \(path)\n"
            let head = HTTPResponse(status: .ok, headerFields: [.contentLength: "\(text.utf8.count)"])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(ByteBuffer(string: text))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}

/// Serves both on the program's own event loops.
func serve(_ mount: Mount, port: Int, on group: any EventLoopGroup) async throws -> any Channel {
    try await ServerBootstrap(group: group)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        .childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                try pipeline.configureHTTPServerPipeline()
                try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
                try pipeline.addHandler(LongwireHTTPHandler(mount: mount))
                try pipeline.addHandler(OwnRoutes())
            }
        }
        .bind(host: "127.0.0.1", port: port).get()
}
// ----
