internal import NIOCore

/// Asks a proxy with CONNECT for a line to the server, and makes way for what speaks to the server then.
final class TunnelHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let endpoint: Endpoint
    private let proxy: Proxy
    private let configure: (ChannelPipeline.SynchronousOperations) throws -> Void
    private var answer = ConnectAnswer()
    private var established: EventLoopPromise<Void>?
    private var timer: Scheduled<Void>?

    /// - Parameter configure: adds what speaks to the server.
    init(
        endpoint: Endpoint, proxy: Proxy, configure: @escaping (ChannelPipeline.SynchronousOperations) throws -> Void
    ) {
        self.endpoint = endpoint
        self.proxy = proxy
        self.configure = configure
    }

    /// Asks for the tunnel, on a connection that stands; on the event loop.
    func open(on channel: any Channel, before deadline: NIODeadline) -> EventLoopFuture<Void> {
        let promise = channel.eventLoop.makePromise(of: Void.self)
        guard channel.isActive else {
            promise.fail(ProxyAnswer.closed(by: proxy, endpoint))
            return promise.futureResult
        }
        established = promise
        let handler = NIOLoopBound(self, eventLoop: channel.eventLoop)
        timer = channel.eventLoop.scheduleTask(deadline: deadline) {
            handler.value.finish(.failure(ProxyAnswer.late(proxy: handler.value.proxy, handler.value.endpoint)))
        }
        channel.writeAndFlush(ByteBuffer(string: Self.request(for: endpoint, through: proxy)), promise: nil)
        return promise.futureResult
    }

    /// The request for a tunnel.
    static func request(for endpoint: Endpoint, through proxy: Proxy) -> String {
        let target = HostAndPort.joined(endpoint.host, endpoint.port)
        let authorization = proxy.authorization.map { "Proxy-Authorization: \($0)\r\n" } ?? ""
        return "CONNECT \(target) HTTP/1.1\r\nHost: \(target)\r\nUser-Agent: longwire/0.1.0\r\n\(authorization)\r\n"
    }

    private func finish(_ result: Result<Void, any Error>) {
        timer?.cancel()
        timer = nil
        let promise = established
        established = nil
        promise?.completeWith(result)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard established != nil else { return }
        do {
            guard let head = try answer.read(&bytes) else { return }
            guard (200..<300).contains(head.status) else {
                return fail(ProxyAnswer.refused(head, by: proxy, endpoint), context: context)
            }
            try configure(context.pipeline.syncOperations)
            if bytes.readableBytes > 0 {
                context.fireChannelRead(wrapInboundOut(bytes))
                context.fireChannelReadComplete()
            }
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
            finish(.success(()))
        } catch is ConnectAnswer.Unreadable {
            fail(ProxyAnswer.notHTTP(proxy), context: context)
        } catch {
            fail(error, context: context)
        }
    }

    private func fail(_ error: any Error, context: ChannelHandlerContext) {
        finish(.failure(error))
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(error, context: context) }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.failure(ProxyAnswer.closed(by: proxy, endpoint)))
        context.fireChannelInactive()
    }
}
