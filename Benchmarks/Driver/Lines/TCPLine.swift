internal import NIOCore
internal import NIOPosix

/// Messages of one size on a bare connection: what everything else is measured against.
final class TCPLine: ChannelInboundHandler, EchoLine {
    typealias InboundIn = ByteBuffer

    var load: EchoLoad?
    private var channel: (any Channel)?
    private let size: Int
    private var input = ByteBuffer()
    private var output = ByteBuffer()

    private init(size: Int) { self.size = size }

    static func open(
        port: Int, size: Int, on loop: any EventLoop
    ) async throws -> NIOLoopBound<any EchoLine> {
        try await loop.flatSubmit {
            let line = NIOLoopBound(TCPLine(size: size), eventLoop: loop)
            return ClientBootstrap(group: loop)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.maxMessagesPerRead, value: 1)
                .channelOption(
                    .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 65536)
                )
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(line.value)
                    }
                }
                .connect(host: "127.0.0.1", port: port)
                .map { channel in
                    line.value.channel = channel
                    return NIOLoopBound(line.value as any EchoLine, eventLoop: loop)
                }
        }.get()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if input.readableBytes == 0 { input = bytes } else { input.writeBuffer(&bytes) }
        while let message = input.readSlice(length: size) { load?.received(message) }
    }

    func channelReadComplete(context: ChannelHandlerContext) { load?.readEnded() }
    func channelInactive(context: ChannelHandlerContext) { load?.failed("the connection was closed") }

    func send(_ payload: ByteBuffer) { output.writeImmutableBuffer(payload) }

    func flush() {
        guard output.readableBytes > 0 else { return }
        channel?.writeAndFlush(output, promise: nil)
        output = ByteBuffer()
    }

    func close() { channel?.close(promise: nil) }
}

/// A server that sends back what it gets.
enum TCPEcho {
    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.write(wrapOutboundOut(unwrapInboundIn(data)), promise: nil)
        }
        func channelReadComplete(context: ChannelHandlerContext) { context.flush() }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    /// Serves until the process is ended.
    static func serve(port: Int, on group: any EventLoopGroup) async throws {
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 65536)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler())
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        try await channel.closeFuture.get()
    }
}
