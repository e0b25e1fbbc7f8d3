import NIOCore
import NIOEmbedded
import Testing

@testable import LongwireTransport

@Suite("WebSocket line")
struct WebSocketLineTests {
    /// What came through, and how it ended.
    private final class Above: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        var bytes: [UInt8] = []
        var isInputClosed = false
        var error: (any Error)?

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += unwrapInboundIn(data).readableBytesView
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            isInputClosed = isInputClosed || event as? ChannelEvent == .inputClosed
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { self.error = error }
    }

    private func channel(isClient: Bool) throws -> (EmbeddedChannel, Above) {
        let above = Above()
        let channel = EmbeddedChannel()
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
        try channel.pipeline.syncOperations.addHandlers([WebSocketLine(isClient: isClient), above])
        return (channel, above)
    }

    private func sent(_ channel: EmbeddedChannel) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
        return bytes
    }

    @Test("A client and a server understand each other, whatever the size", arguments: [1, 100, 500, 3000, 100_000])
    func conversation(count: Int) throws {
        let (client, aboveClient) = try channel(isClient: true)
        let (server, aboveServer) = try channel(isClient: false)
        var expected: [UInt8] = []
        for turn in 0..<5 as Range<UInt8> {
            let payload = [UInt8](repeating: turn, count: count)
            expected += payload
            for (from, to) in [(client, server), (server, client)] {
                try from.writeOutbound(ByteBuffer(bytes: payload))
                try to.writeInbound(ByteBuffer(bytes: sent(from)))
            }
        }
        #expect(aboveServer.bytes == expected)
        #expect(aboveClient.bytes == expected)
    }

    @Test("Several writes before a flush stay apart")
    func writes() throws {
        let (server, _) = try channel(isClient: false)
        for byte in [1, 2, 3] as [UInt8] { server.write(ByteBuffer(bytes: [byte]), promise: nil) }
        server.flush()
        #expect(try sent(server) == [0x82, 1, 1, 0x82, 1, 2, 0x82, 1, 3])
    }

    @Test("A ping is answered with what it carries, a close with a close, and after it nothing goes or comes")
    func controls() throws {
        let (server, above) = try channel(isClient: false)
        // Zeros as a key mask nothing.
        try server.writeInbound(
            ByteBuffer(bytes: [0x82, 0x81, 0, 0, 0, 0, 7, 0x89, 0x82, 0, 0, 0, 0, 8, 9, 0x88, 0x80, 0, 0, 0, 0]))
        #expect(try sent(server) == [0x8A, 2, 8, 9, 0x88, 2, 3, 0xE8])
        #expect(above.isInputClosed)
        try server.writeInbound(ByteBuffer(bytes: [0x82, 0x81, 0, 0, 0, 0, 7]))
        #expect(above.bytes == [7])
        #expect(throws: ChannelError.ioOnClosedChannel) { try server.writeOutbound(ByteBuffer(bytes: [1])) }
        #expect(try sent(server).isEmpty)
    }

    /// Hands the channel more bytes within the first read, as a flush that fails does.
    private final class Drain: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private var more: ByteBuffer?

        init(_ more: [UInt8]) { self.more = ByteBuffer(bytes: more) }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.fireChannelRead(data)
            guard let more else { return }
            self.more = nil
            context.channel.pipeline.fireChannelRead(more)
        }
    }

    @Test("What is read while something is read comes behind it, once", arguments: [false, true])
    func within(hasPing: Bool) throws {
        let (server, above) = try channel(isClient: false)
        // The first message, what comes behind it in the same read, and what is read meanwhile: the rest of that.
        let first: [UInt8] = [0x82, 0x81, 0, 0, 0, 0, 1] + (hasPing ? [0x89, 0x80, 0, 0, 0, 0] : [])
        let drain = Drain([3, 4, 0x82, 0x81, 0, 0, 0, 0, 5])
        try server.pipeline.syncOperations.addHandler(
            drain, position: .before(try server.pipeline.syncOperations.handler(type: Above.self)))
        try server.writeInbound(ByteBuffer(bytes: first + [0x82, 0x83, 0, 0, 0, 0, 2]))
        #expect(above.bytes == [1, 2, 3, 4, 5])
        #expect(try sent(server) == (hasPing ? [0x8A, 0] : []))
    }

    @Test("What is no frame is told, and ends the connection")
    func fault() throws {
        let (server, above) = try channel(isClient: false)
        try server.writeInbound(ByteBuffer(bytes: [0x82, 0x81, 0, 0, 0, 0, 7, 0x81, 0x80, 0, 0, 0, 0]))
        #expect(try sent(server) == [0x88, 2, 3, 0xEB])
        #expect(above.bytes == [7])
        #expect(above.error as? WebSocketFault == .unacceptableData)
        #expect(!server.isActive)
    }
}
