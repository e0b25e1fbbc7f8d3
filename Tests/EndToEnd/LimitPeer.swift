import LongwireProtocol
import NIOCore
import NIOPosix

/// A client of bare TCP that keeps to no rule but the form of frames.
final class LimitPeer: Sendable {
    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let heard: FlowBox<Int>
        init(_ heard: FlowBox<Int>) { self.heard = heard }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let count = unwrapInboundIn(data).readableBytes
            heard.change { $0 += count }
        }
    }

    let channel: any Channel
    /// How many bytes came.
    let heard = FlowBox(0)

    /// - Parameter reads: whether it takes what comes; nothing is ever acknowledged.
    init(port: Int, target: String, reads: Bool) async throws {
        let heard = heard
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: reads)
            .channelOption(.socketOption(.so_rcvbuf), value: 4096)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Reader(heard))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let open = OpenFrame(
            transport: .tcp, path: 1, identifier: .random(), token: .random(), instance: nil, using: 1, received: 0,
            limit: 1 << 30, parameters: [Parameter(Parameter.target, target)])
        try await channel.writeAndFlush(FrameEncoder.encoded(.open(open)))
    }

    /// Sends numbered messages of so many bytes each, not beyond the credit that everybody has.
    func send(_ count: Int, bytes: Int) {
        var buffer = ByteBuffer()
        let payload = ByteBuffer(repeating: 0x61, count: bytes)
        for number in 1...UInt64(count) {
            buffer.writeImmutableBuffer(
                FrameEncoder.encoded(.numbered(NumberedFrame(number: number, content: .message(payload)))))
        }
        channel.writeAndFlush(buffer, promise: nil)
    }

    func close() { channel.close(promise: nil) }
}
