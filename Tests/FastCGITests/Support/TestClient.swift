import NIOCore
import NIOPosix
import NIOConcurrencyHelpers
import Testing

/// Waits for something another thread does; false when it has not come after ten seconds.
func eventually(_ condition: () throws -> Bool) async rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
        if try condition() { return true }
        // safe: the pace of polling; what is waited for is the condition
        try? await Task.sleep(for: .milliseconds(2))
    }
    return try condition()
}

/// A number of another thread once fifty looks in a row saw it unchanged; -1 when it has not stood still in ten seconds.
func stillValue(_ read: () -> Int) async -> Int {
    let deadline = ContinuousClock.now + .seconds(10)
    var last = -1
    var looks = 0
    while ContinuousClock.now < deadline {
        let now = read()
        looks = now == last ? looks + 1 : 0
        last = now
        if looks == 50 { return last }
        // safe: the pace of looking; what is waited for is the condition
        try? await Task.sleep(for: .milliseconds(2))
    }
    return -1
}

/// A peer on a real socket that writes raw bytes and reads records.
final class TestClient: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var records: [WireRecord] = []
        var isClosed = false
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        let client: TestClient

        init(_ client: TestClient) { self.client = client }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = self.unwrapInboundIn(data)
            self.client.state.withLockedValue { state in
                state.bytes += buffer.readableBytesView
                state.records += WireRecord.parse(&state.bytes)
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            self.client.state.withLockedValue { $0.isClosed = true }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private let state = NIOLockedValueBox(State())
    private let connected = NIOLockedValueBox<(any Channel)?>(nil)

    var channel: (any Channel)? { self.connected.withLockedValue { $0 } }

    static func connect(to address: SocketAddress) async throws -> TestClient {
        let client = TestClient()
        let channel = try await ClientBootstrap(group: NIOSingletons.posixEventLoopGroup)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(client))
                }
            }
            .connect(to: address).get()
        client.connected.withLockedValue { $0 = channel }
        return client
    }

    func send(_ bytes: [UInt8]) async throws {
        try await self.channel?.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    var records: [WireRecord] { self.state.withLockedValue { $0.records } }

    var isClosed: Bool { self.state.withLockedValue { $0.isClosed } }

    /// Waits for END_REQUEST of a request.
    func ends(_ id: UInt16 = 1) async -> Bool {
        await eventually { !self.records.ends(id).isEmpty }
    }

    func closes() async -> Bool { await eventually { self.isClosed } }

    func close() async { try? await self.channel?.close() }
}
