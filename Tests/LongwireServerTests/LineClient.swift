import NIOCore
import NIOPosix
import TestSupport

/// Sends text as it is to a port, and collects what comes back.
enum LineClient {
    /// Sends `text`, and gives everything that comes until the other side closes.
    static func exchange(port: Int, _ text: String) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: false)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var all = ByteBuffer()
            // The other side may have closed already; what it said is still there.
            try? await outbound.write(ByteBuffer(string: text))
            do {
                for try await var bytes in inbound { all.writeBuffer(&bytes) }
            } catch is IOError {
                // A reset is an end as well.
            } catch is ChannelError {
            }
            return String(buffer: all)
        }
    }
}
