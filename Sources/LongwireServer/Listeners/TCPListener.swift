internal import HTTPTypes
internal import LongwireSession
public import NIOCore
internal import NIOPosix

/// Listens for sessions on bare TCP connections: the transport `tcp`, for where nothing is in the way.
///
/// OPEN names the servlet, since there is no URL.
public final class TCPListener: Sendable {
    private let channel: any Channel

    private init(channel: any Channel) { self.channel = channel }

    /// Where it listens.
    public var localAddress: SocketAddress? { channel.localAddress }

    /// Listens on `host` and `port` (0: any free one) for sessions with the servlets of `mount`.
    ///
    /// - Throws: what the system says, for instance that the port is in use.
    public static func bind(
        host: String, port: Int, mount: Mount, on group: any EventLoopGroup
    ) async throws -> TCPListener {
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let facts = ExchangeFacts.direct(channel)
                    let exchange = LineExchange(.tcp, eventLoop: channel.eventLoop) { exchange in
                        FrameTransaction(
                            mount: mount, exchange: exchange, place: .namedByOpen(facts), isLoopbackTCP: false)
                    }
                    try channel.pipeline.syncOperations.addHandler(exchange)
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 32 * 1024, high: 64 * 1024))
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 65536)
            )
            .bind(host: host, port: port).get()
        return TCPListener(channel: channel)
    }

    /// Stops listening; connections that are open go on.
    public func stopAccepting() async { try? await channel.close() }
}
