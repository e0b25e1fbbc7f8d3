import LongwireClient
import LongwireProtocol
import LongwireServer
import NIOCore
import NIOPosix
import TestSupport
import Testing

@Suite("Heartbeats", .serialized, .timeLimit(.minutes(4)))
struct PathHeartbeatTests {
    /// What crossed the line, as the client saw it there.
    private struct Wire: Sendable {
        let all = FlowBox<[FrameTrace]>([])

        func count(_ direction: FrameTrace.Direction, _ name: String) -> Int {
            all.value.count { $0.direction == direction && $0.name == name }
        }
        /// Heartbeats are ACKs; an uplink's answer is one too, and each uplink brings an OPEN.
        var beatsSent: Int { count(.sent, "ACK") }
        var beatsReceived: Int { count(.received, "ACK") - max(count(.sent, "OPEN") - 1, 0) }
    }

    private static let heartbeat = TimeAmount.milliseconds(300)

    private static func site(
        _ mode: SessionConfiguration.HeartbeatMode, _ servlet: ServletKind = .inline(EchoServlet())
    ) async throws -> (PathSite, NginxFixture) {
        let site = try await PathSite(["test": servlet]) { configuration in
            configuration.session.heartbeat = heartbeat
            configuration.session.pollHold = heartbeat
            configuration.session.heartbeatMode = mode
        }
        return (site, try await NginxFixture(to: .tcp(port: site.fastCGIPort)))
    }

    private static func connect(
        _ nginx: NginxFixture, _ transport: TransportKind, _ mode: SessionConfiguration.HeartbeatMode, _ wire: Wire
    ) async throws -> Session {
        var configuration = ClientConfiguration()
        configuration.transports = [transport]
        configuration.session.heartbeatMode = mode
        configuration.onFrame = { frame in wire.all.change { $0.append(frame) } }
        return try await Longwire.connect(nginx.url("/longwire/test"), configuration: configuration)
    }

    // R: C4
    @Test(
        "In a silent session both sides send something every heartbeat, and the applications see none of it",
        arguments: [SessionConfiguration.HeartbeatMode.silence, .interval], [TransportKind.duplex, .stream])
    func silence(_ mode: SessionConfiguration.HeartbeatMode, _ transport: TransportKind) async throws {
        let (site, nginx) = try await Self.site(mode)
        let wire = Wire()
        let session = try await Self.connect(nginx, transport, mode, wire)
        try await eventually("both sides send four heartbeats") {
            // On `stream` a client's heartbeat is an uplink, of which there is one in four heartbeats.
            wire.beatsReceived >= 4 && (transport == .stream ? wire.count(.sent, "OPEN") >= 3 : wire.beatsSent >= 4)
        }
        for name in ["MESSAGE", "TEXT", "FRAGMENT", "CLOSE"] {
            #expect(wire.count(.sent, name) + wire.count(.received, name) == 0)
        }
        // The first message that either application sees is the first that was sent.
        try await session.send("the first")
        var messages = session.messages.makeAsyncIterator()
        #expect(try await messages.next()?.text == "the first")
        #expect(await session.close().kind == .closed)
        await site.stop()
        withExtendedLifetime(nginx) {}
    }

    /// Reads everything and says nothing.
    private static let deaf = FlowServlet { session in for try await _ in session.messages {} }
    /// Says something all the time.
    private static let chatty = FlowServlet { session in
        while true {
            try await session.send("tick")
            try await Pace.idle(.milliseconds(20))
        }
    }

    // R: C4
    @Test("A client that talks all the time sends heartbeats in the mode interval, and none in the mode silence")
    func busyClient() async throws {
        @Sendable func beats(_ mode: SessionConfiguration.HeartbeatMode) async throws -> Int {
            let (site, nginx) = try await Self.site(mode, .task(Self.deaf))
            let wire = Wire()
            let session = try await Self.connect(nginx, .duplex, mode, wire)
            for _ in 0..<150 {
                try await session.send("tick")
                try await Pace.idle(.milliseconds(20))
            }
            let count = wire.beatsSent
            #expect(await session.close().kind == .closed)
            await site.stop()
            withExtendedLifetime(nginx) {}
            return count
        }
        async let afterSilence = beats(.silence)
        async let atInterval = beats(.interval)
        let (silence, interval) = (try await afterSilence, try await atInterval)
        flowReport("heartbeats of a busy client in ten: \(silence) after silence, \(interval) at an interval")
        #expect(interval >= 5)
        #expect(silence * 2 < interval)
    }

    // R: C4
    @Test("A server that talks all the time sends heartbeats in the mode interval, and none in the mode silence")
    func busyServer() async throws {
        @Sendable func beats(_ mode: SessionConfiguration.HeartbeatMode) async throws -> Int {
            let (site, nginx) = try await Self.site(mode, .task(Self.chatty))
            let wire = Wire()
            let session = try await Self.connect(nginx, .stream, mode, wire)
            var ticks = 0
            for try await message in session.messages {
                #expect(message.text == "tick")
                ticks += 1
                if ticks == 150 { break }
            }
            let count = wire.beatsReceived
            session.abort(.done)
            await site.stop()
            withExtendedLifetime(nginx) {}
            return count
        }
        async let afterSilence = beats(.silence)
        async let atInterval = beats(.interval)
        let (silence, interval) = (try await afterSilence, try await atInterval)
        flowReport("heartbeats of a busy server in ten: \(silence) after silence, \(interval) at an interval")
        #expect(interval >= 5)
        #expect(silence * 2 < interval)
    }

    // R: C4, D8
    @Test("Where a NAT forgets lines sooner than heartbeats go, a client finds out, and no more lines are lost")
    func learning() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for transport in [TransportKind.duplex, .stream] {
                group.addTask { try await Self.learn(transport) }
            }
            try await group.waitForAll()
        }
    }

    private static func learn(_ transport: TransportKind) async throws {
        let site = try await PathSite { configuration in
            configuration.session.heartbeat = .seconds(2)
            configuration.session.pollHold = .seconds(2)
        }
        let nginx = try await NginxFixture(to: .tcp(port: site.fastCGIPort))
        let nat = try await TCPCutter(target: nginx.port, forgetsAfter: .milliseconds(1_500))
        var configuration = ClientConfiguration()
        configuration.transports = [transport]
        let client = Longwire(group: MultiThreadedEventLoopGroup.singleton)
        let changes = FlowChanges()
        configuration.onChange = { changes.note($0) }
        let url = "http://127.0.0.1:\(nat.port)/longwire/echo"
        let session = try await client.connect(url, configuration: configuration)
        try await eventually(within: .seconds(60), "two lines are lost, and another carries the session") {
            changes.breaks.count == 2 && changes.connections == 3
        }
        // The next session knows it from the start.
        let next = try await client.connect(url, configuration: configuration)
        try await Pace.idle(.seconds(7))
        #expect(changes.breaks.count == 2, "\(transport): \(changes.breaks)")
        for session in [session, next] {
            try await session.send("still here")
            var messages = session.messages.makeAsyncIterator()
            #expect(try await messages.next()?.text == "still here")
            #expect(await session.close().kind == .closed)
        }
        await site.stop()
        withExtendedLifetime((nginx, nat)) {}
    }
}
