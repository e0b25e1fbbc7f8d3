internal import NIOCore
internal import NIOHTTP1

#if TLS
    internal import NIOSSL
#endif

/// Shows the heads of responses to whoever asked for them, and passes everything on.
final class ResponseObserver: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    /// A response's head, and what it came over.
    struct Seen: Sendable {
        var head: HTTPResponseHead
        /// The version, such as `1.3`; nil without TLS.
        var tls: String?
    }
    typealias Observer = @Sendable (Seen) -> Void

    private let observer: Observer

    init(_ observer: @escaping Observer) { self.observer = observer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) {
            var tls: String?
            #if TLS
                tls = (try? context.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self))?.tlsVersion
                    .map(Self.name)
            #endif
            observer(Seen(head: head, tls: tls))
        }
        context.fireChannelRead(data)
    }

    #if TLS
        private static func name(_ version: TLSVersion) -> String {
            switch version {
            case .tlsv1: "1.0"
            case .tlsv11: "1.1"
            case .tlsv12: "1.2"
            case .tlsv13: "1.3"
            }
        }
    #endif
}
