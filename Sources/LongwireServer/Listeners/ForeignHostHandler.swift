internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1

/// Refuses a request whose target is an absolute URL of another host than its Host field names.
///
/// It must see heads before the codec that keeps only their path.
final class ForeignHostHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private var isRefused = false
    private var isAnswering = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefused else { return }
        if case .head(let head) = unwrapInboundIn(data), Self.isForeign(head) {
            isRefused = true
            // Behind a response that goes on, there is no place for another.
            return isAnswering ? context.close(promise: nil) : refuse(context)
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head): isAnswering = head.status.code >= 200
        case .end: isAnswering = false
        case .body: break
        }
        context.write(data, promise: promise)
    }

    private static func isForeign(_ head: HTTPRequestHead) -> Bool {
        guard let slashes = head.uri.firstRange(of: "://"), !head.uri[..<slashes.lowerBound].contains("/") else {
            return false
        }
        let authority = head.uri[slashes.upperBound...].prefix { !"/?#".contains($0) }
        return authority.lowercased() != head.headers.first(name: "Host")?.lowercased()
    }

    private func refuse(_ context: ChannelHandlerContext) {
        let problem = Problem(status: .badRequest, title: "Bad path", detail: "the request names another host.")
        let body = ByteBuffer(string: problem.body)
        let headers = HTTPHeaders([
            ("Content-Type", Problem.mediaType), ("Content-Length", "\(body.readableBytes)"), ("Connection", "close"),
        ])
        let head = HTTPResponseHead(version: .http1_1, status: .badRequest, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }
}
