internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// A TCP proxy that lets so many bytes a second pass downwards, and keeps next to nothing itself: a thin line.
package final class SlowLine: Sendable {
    /// The port to connect to.
    package let port: Int
    private let listener: any Channel

    /// - Parameter bytesPerSecond: what passes from `target` to whoever connects here; upwards all passes.
    package init(target: Int, bytesPerSecond: Int) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_sndbuf), value: 4096)
            .childChannelInitializer { near in
                ClientBootstrap(group: near.eventLoop)
                    .channelOption(.autoRead, value: false)
                    .channelOption(.maxMessagesPerRead, value: 1)
                    // The window of the far side is what waits before the thin part.
                    .channelOption(.socketOption(.so_rcvbuf), value: 8192)
                    .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.piece))
                    .channelInitializer { far in
                        far.eventLoop.makeCompletedFuture {
                            try far.pipeline.syncOperations.addHandler(Pipe(to: near))
                        }
                    }
                    .connect(host: "127.0.0.1", port: target)
                    .flatMapThrowing { far in
                        try near.pipeline.syncOperations.addHandler(Pipe(to: far))
                        let interval = TimeAmount.nanoseconds(
                            Int64(Self.piece) * 1_000_000_000 / Int64(max(bytesPerSecond, 1)))
                        near.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { task in
                            guard far.isActive else { return task.cancel() }
                            far.read()
                        }
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = listener.localAddress?.port ?? 0
    }

    deinit { listener.close(promise: nil) }

    private static let piece = 1250

    private final class Pipe: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let other: any Channel

        init(to other: any Channel) { self.other = other }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            other.writeAndFlush(unwrapInboundIn(data), promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
