import NIOCore
import NIOPosix
import TestSupport
import Testing

@Suite struct TCPCutterTests {
    /// Echoes until its input ends, then closes.
    private final class Echo: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.writeAndFlush(data, promise: nil) }
        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if let event = event as? ChannelEvent, event == .inputClosed { context.close(promise: nil) }
        }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private struct Line {
        let cutter: TCPCutter
        let server: any Channel

        init() async throws {
            server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Echo()) }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            cutter = try await TCPCutter(target: server.localAddress?.port ?? 0)
        }

        func connect() async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
            try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: cutter.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel(
                            wrappingChannelSynchronously: channel,
                            configuration: .init(isOutboundHalfClosureEnabled: true))
                    }
                }
        }
    }

    @Test func bytesPassBothWaysInOrderAndAreCounted() async throws {
        let line = try await Line()
        let bytes = ByteBuffer(bytes: (0..<4_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        let echoed = try await line.connect().executeThenClose { inbound, outbound in
            async let sent: Void = {
                try await outbound.write(bytes)
                outbound.finish()
            }()
            var echoed = ByteBuffer()
            for try await var part in inbound { echoed.writeBuffer(&part) }
            try await sent
            return echoed
        }
        #expect(echoed == bytes)
        #expect(try await line.cutter.bytes(.up) == bytes.readableBytes)
        #expect(try await line.cutter.bytes(.down) == bytes.readableBytes)
        try await eventually("no connection left") { try await line.cutter.openConnections == 0 }
        try await line.server.close()
    }

    @Test(arguments: [TCPCutter.Cut.reset, .close])
    func aCutEndsTheLineAndTheNextOneWorks(cut: TCPCutter.Cut) async throws {
        let line = try await Line()
        for round in 1...2 {
            try await line.connect().executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: "hello"))
                var parts = inbound.makeAsyncIterator()
                #expect(try await parts.next()?.readableBytes == 5)
                try await line.cutter.cut(cut)
                switch cut {
                case .close: #expect(try await parts.next() == nil)
                case .reset: await #expect(throws: IOError.self) { try await parts.next() }
                }
            }
            #expect(try await line.cutter.acceptedConnections == round)
        }
        try await line.server.close()
    }

    @Test func aPlannedCutLetsExactlyItsBytesThrough() async throws {
        let line = try await Line()
        try await line.cutter.cut(.close, after: 1_000, going: .down)
        let count = try await line.connect().executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(repeating: 1, count: 10_000))
            return try await inbound.reduce(0) { $0 + $1.readableBytes }
        }
        #expect(count == 1_000)
        try await line.server.close()
    }

    @Test func aPausedDirectionIsSilentUntilItIsResumed() async throws {
        let line = try await Line()
        try await line.connect().executeThenClose { inbound, outbound in
            try await line.cutter.pause(.down)
            try await outbound.write(ByteBuffer(string: "hello"))
            try await eventually("it went up") { try await line.cutter.bytes(.up) == 5 }
            #expect(try await line.cutter.bytes(.down) == 0)
            try await line.cutter.resume(.down)
            var parts = inbound.makeAsyncIterator()
            #expect(try await parts.next() == ByteBuffer(string: "hello"))
            try await line.cutter.delay(.milliseconds(5))
            try await outbound.write(ByteBuffer(string: "later"))
            #expect(try await parts.next() == ByteBuffer(string: "later"))
        }
        try await line.server.close()
    }

    @Test func refusedConnectionsAreAcceptedAgainOnTheSamePort() async throws {
        let line = try await Line()
        try await line.cutter.refuse(true)
        #expect(!Probe.accepts(port: line.cutter.port))
        try await line.cutter.refuse(false)
        #expect(Probe.accepts(port: line.cutter.port))
        try await line.server.close()
    }
}
