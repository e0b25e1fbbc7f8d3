import NIOCore
import NIOPosix

/// A service that talks in streams of bytes, on loopback or a unix socket; each connection is served by a closure.
final class ByteServer: Sendable {
    typealias Input = NIOAsyncChannelInboundStream<ByteBuffer>
    typealias Output = NIOAsyncChannelOutboundWriter<ByteBuffer>

    let port: Int
    private let accepting: Task<Void, any Error>
    private let channel: any Channel

    init(
        unix path: String? = nil, _ serve: @escaping @Sendable (any Channel, Input, Output) async throws -> Void
    ) async throws {
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
        let wrap: @Sendable (any Channel) -> EventLoopFuture<NIOAsyncChannel<ByteBuffer, ByteBuffer>> = { child in
            child.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel(
                    wrappingChannelSynchronously: child, configuration: .init(isOutboundHalfClosureEnabled: true))
            }
        }
        let server =
            if let path {
                try await bootstrap.bind(unixDomainSocketPath: path, childChannelInitializer: wrap)
            } else {
                try await bootstrap.bind(host: "127.0.0.1", port: 0, childChannelInitializer: wrap)
            }
        channel = server.channel
        port = server.channel.localAddress?.port ?? 0
        accepting = Task {
            try await server.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await connection in connections {
                        group.addTask {
                            try? await connection.executeThenClose { input, output in
                                try await serve(connection.channel, input, output)
                                // SwiftNIO drops what it has not written when the second side is closed.
                                try await connection.channel.writeAndFlush(ByteBuffer())
                                output.finish()
                                // What was written is still on its way until the other side has closed too.
                                try await connection.channel.closeFuture.get()
                            }
                        }
                    }
                }
            }
        }
    }

    func stop() async {
        try? await channel.close()
        accepting.cancel()
        _ = await accepting.result
    }
}
