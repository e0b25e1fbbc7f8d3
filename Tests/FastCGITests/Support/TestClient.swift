import NIOCore
import NIOPosix
import NIOConcurrencyHelpers
import Testing

/// Waits for something another thread does and nobody announces; false when it has not come after ten seconds.
///
/// What a peer is sent announces itself: ``TestClient/has(_:)``.
func eventually(_ condition: () throws -> Bool) async rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
        if try condition() { return true }
        // safe: the pace of polling; what is waited for is the condition
        try? await Task.sleep(for: .milliseconds(2))
    }
    return try condition()
}

/// A peer on a real socket that writes raw bytes and reads records.
final class TestClient: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var records: [WireRecord] = []
        var isClosed = false
        var waiting: [Waiting] = []
    }

    /// Somebody who waits until this holds.
    private struct Waiting {
        let holds: @Sendable (TestClient) -> Bool
        let told: EventLoopPromise<Bool>
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
            self.client.tell()
        }

        func channelInactive(context: ChannelHandlerContext) {
            self.client.state.withLockedValue { $0.isClosed = true }
            self.client.tell()
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

    /// Waits until what came is so; false when it is not after ten seconds.
    func has(_ holds: @escaping @Sendable (TestClient) -> Bool) async -> Bool {
        guard let loop = self.channel?.eventLoop else { return false }
        let told = loop.makePromise(of: Bool.self)
        let limit = loop.scheduleTask(in: .seconds(10)) { told.succeed(holds(self)) }
        loop.execute {
            self.state.withLockedValue { $0.waiting.append(Waiting(holds: holds, told: told)) }
            self.tell()
        }
        defer { limit.cancel() }
        return (try? await told.futureResult.get()) ?? false
    }

    /// Tells those who wait for what has come; on the connection's event loop.
    private func tell() {
        let waiting = self.state.withLockedValue { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for one in waiting {
            if one.holds(self) {
                one.told.succeed(true)
            } else {
                self.state.withLockedValue { $0.waiting.append(one) }
            }
        }
    }

    /// Waits for END_REQUEST of a request.
    func ends(_ id: UInt16 = 1) async -> Bool { await self.has { !$0.records.ends(id).isEmpty } }

    func closes() async -> Bool { await self.has { $0.isClosed } }

    func close() async { try? await self.channel?.close() }
}
