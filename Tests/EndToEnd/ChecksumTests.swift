import LongwireClient
import LongwireServer
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// What changes bytes on its way, over plain HTTP.
@Suite("Changed bytes", .serialized, .timeLimit(.minutes(3)))
struct ChecksumTests {
    /// Sends messages through a proxy that changes a byte of every fourth longer request.
    ///
    /// - Returns: how many came out other than they went in.
    private static func wrong(
        over transport: TransportKind, checksum: Bool, agrees: Bool = true
    ) async throws -> (messages: Int, changed: Int) {
        let arrived = FlowBox<[ByteBuffer]>([])
        let servlet = FlowServlet { session in
            for try await message in session.messages { arrived.change { $0.append(message.payload) } }
        }
        let site = try await PathSite(["test": .task(servlet)]) { $0.agreesOnChecksums = agrees }
        var behaviour = FaultBehaviour()
        behaviour.changesEvery = 4
        let proxy = try await FaultProxy(target: site.httpPort, behaviour)
        var configuration = ClientConfiguration()
        configuration.proxy = .none
        configuration.transports = [transport]
        configuration.checksum = checksum
        let session = try await Longwire(group: MultiThreadedEventLoopGroup.singleton).connect(
            "http://127.0.0.1:\(proxy.port)/longwire/test", configuration: configuration)
        let sent = (1...400).map { ByteBuffer(repeating: UInt8(truncatingIfNeeded: $0), count: 500 + $0) }
        for bytes in sent {
            try await session.send(bytes)
            // Few to a request, so that there are many requests.
            if bytes.readableBytes % 5 == 0 { try await Pace.idle(.milliseconds(5)) }
        }
        #expect(await session.close().kind == .closed)
        try await eventually("all has arrived") { arrived.value.count == sent.count }
        await site.stop()
        return (zip(sent, arrived.value).count { $0 != $1 }, try await proxy.changed)
    }

    // R: B4
    @Test(
        "With a checksum nothing wrong reaches the servlet, and what was changed comes again",
        arguments: [
            TransportKind.stream, .poll,
        ])
    func noticed(_ transport: TransportKind) async throws {
        let result = try await Self.wrong(over: transport, checksum: true)
        #expect(result.changed > 3)
        #expect(result.messages == 0)
    }

    @Test("Without one it does, also where the server does not agree", arguments: [true, false])
    func unnoticed(_ wish: Bool) async throws {
        let result = try await Self.wrong(over: .stream, checksum: wish, agrees: !wish)
        #expect(result.messages > 0)
    }
}
