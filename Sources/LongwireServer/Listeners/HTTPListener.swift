internal import NIOHTTP1
internal import NIOHTTPTypesHTTP1
public import NIOCore
internal import NIOPosix

/// The built-in HTTP/1.1 listener: the server with no web server before it.
public final class HTTPListener: Sendable {
    private let channel: any Channel

    private init(channel: any Channel) { self.channel = channel }

    /// Where it listens.
    public var localAddress: SocketAddress? { channel.localAddress }

    /// Listens on `host` and `port` (0: any free one) and serves `mount` there.
    ///
    /// - Throws: what the system says, for instance that the port is in use.
    public static func bind(
        host: String, port: Int, mount: Mount, on group: any EventLoopGroup
    ) async throws -> HTTPListener {
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try configure(channel.pipeline.syncOperations, mount: mount)
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
        return HTTPListener(channel: channel)
    }

    private static func configure(_ pipeline: ChannelPipeline.SynchronousOperations, mount: Mount) throws {
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
        try pipeline.addHandler(HTTPServerProtocolErrorHandler())
        try pipeline.addHandler(HTTP10Handler())
        try pipeline.addHandler(HeadDeadlineHandler(limit: mount.configuration.session.timeToOpen))
        try pipeline.addHandler(ForeignHostHandler())
        try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
        try pipeline.addHandler(LongwireHTTPHandler(mount: mount, refusesOthers: true))
    }

    /// Stops listening; connections that are open go on.
    public func stopAccepting() async { try? await channel.close() }
}
