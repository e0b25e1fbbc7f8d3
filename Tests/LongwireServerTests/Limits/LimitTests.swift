import LongwireClient
import LongwireProtocol
import LongwireServer
import NIOCore
import TestSupport
import Testing

/// Limits that a client meets, and its neighbours who do not notice.
@Suite(.timeLimit(.minutes(2))) struct LimitTests {
    /// Takes no message, and answers none.
    private struct Deaf: Servlet {
        func service(_ session: Session) async throws { _ = await session.ending }
    }

    /// A client from an address that a trusted proxy names.
    private static func connect(_ server: TestServer, _ servlet: String = "echo", from address: String) async throws
        -> Session
    {
        var configuration = ClientConfiguration()
        configuration.transports = [.duplex]
        configuration.headerFields = [("X-Forwarded-For", address)]
        return try await server.connect(servlet, configuration)
    }

    private static func refusal(_ body: () async throws -> Session) async -> String {
        do {
            _ = try await body()
            return "none"
        } catch { return "\(error)" }
    }

    @Test func anAddressMayHaveSoManySessionsAndOthersGoOn() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())]) {
            $0.trustedProxies = ["127.0.0.1"]
            $0.limits.perAddress = 2
        }
        let first = try await Self.connect(server, from: "203.0.113.1")
        let second = try await Self.connect(server, from: "203.0.113.1")
        let why = await Self.refusal { try await Self.connect(server, from: "203.0.113.1") }
        #expect(why.contains("the limit of 2 sessions of one address is reached"), "\(why)")
        // Whoever comes from elsewhere does not notice; a network of IPv6 is one client.
        let other = try await Self.connect(server, from: "203.0.113.2")
        let six = try await Self.connect(server, from: "2001:db8:1:2::3")
        let seven = try await Self.connect(server, from: "2001:db8:1:2::4")
        let eight = await Self.refusal { try await Self.connect(server, from: "2001:db8:1:2:9::") }
        #expect(eight.contains("the limit of 2 sessions of one address is reached"), "\(eight)")
        try await first.send("still here")
        #expect(try await first.nextText() == "still here")
        // Who ends one may open one.
        await second.close()
        let third = try await Self.connect(server, from: "203.0.113.1")
        for session in [first, other, six, seven, third] { await session.close() }
        try await server.stop()
    }

    @Test func whoOpensTooFastIsToldWhenToComeAgain() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())]) {
            $0.trustedProxies = ["127.0.0.1"]
            $0.limits.openingRatePerAddress = 1
        }
        let fields = ["Accept: text/event-stream", "X-Forwarded-For: 203.0.113.1"]
        var open: [RawConnection] = []
        for _ in 0..<10 {
            let connection = try await RawConnection(port: server.port)
            try await connection.request("GET /longwire/echo", fields)
            try await connection.waits(for: "event: open")
            open.append(connection)
        }
        let refused = try await RawConnection.answer(port: server.port, "GET /longwire/echo", fields)
        #expect(refused.hasPrefix("HTTP/1.1 429"), "\(refused)")
        #expect(refused.lowercased().contains("retry-after: 1\r\n"), "\(refused)")
        #expect(refused.contains("one address may open 1 sessions a second"), "\(refused)")
        let other = try await Self.connect(server, from: "203.0.113.2")
        #expect(await other.close().kind == .closed)
        for connection in open { try await connection.close() }
        try await server.stop()
    }

    @Test func allSessionsTogetherMayHoldSoMuchAndWhoHoldsLittleGoesOn() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet()), "deaf": .task(Deaf())]) {
            $0.limits.buffered = 512 * 1024
        }
        let small = try await server.connect("echo")
        var hogs: [Session] = []
        for _ in 0..<4 { hogs.append(try await server.connect("deaf")) }
        // Each sends as much as its window takes: three of them are more than all may hold.
        let filling = hogs.map { hog in
            Task { while true { try await hog.send(Message(ByteBuffer(repeating: 7, count: 16 * 1024))) } }
        }
        let endings = try await eventually(valueOf: "one who holds much is ended") {
            var endings: [SessionEnding] = []
            for hog in hogs { if let ending = await hog.status.ending { endings.append(ending) } }
            return endings.isEmpty ? nil : endings
        }
        #expect(endings.allSatisfy { $0.code == .overloaded && $0.isRemote })
        #expect(
            endings.allSatisfy { $0.reason == "the limit of 524288 bytes that wait in all sessions is reached" },
            "\(endings)")
        try await small.send("undisturbed")
        #expect(try await small.nextText() == "undisturbed")
        for task in filling { task.cancel() }
        for hog in hogs { hog.abort(.done) }
        // What they held is free again.
        try await eventually("others may open") {
            guard let next = try? await server.connect("deaf") else { return false }
            next.abort(.done)
            return true
        }
        await small.close()
        try await server.stop()
    }

    @Test func aSessionThatSaysNothingOrLastsTooLongIsEndedAndIsToldWhy() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())]) {
            $0.limits.idleTime = .milliseconds(600)
        }
        let idle = try await server.connect("echo")
        let busy = try await server.connect("echo")
        let talking = Task {
            while await idle.status.ending == nil {
                try await busy.send("a word")
                #expect(try await busy.nextText() == "a word")
                try await Pace.idle(.milliseconds(50))
            }
        }
        #expect(try await idle.nextText() == nil)
        let ending = await idle.close()
        #expect(ending.code == .expired && ending.kind == .closed, "\(ending)")
        #expect(ending.reason == "no message for 600 ms, the limit", "\(ending)")
        try await talking.value
        #expect(await busy.close().code == .done)
        try await server.stop()

        let short = try await TestServer(["echo": .inline(EchoServlet())]) { $0.limits.lifetime = .milliseconds(300) }
        let session = try await short.connect("echo")
        #expect(try await session.nextText() == nil)
        let expired = await session.close()
        #expect(expired.code == .expired && expired.reason == "the limit of 300 ms for a session is reached")
        try await short.stop()
    }

    @Test func aFloodOfFramesThatBringNothingEndsItsSessionAndNoOther() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let other = try await server.connect("echo")
        let line = try await FrameLine.tcp(port: server.tcpPort)
        try await line.send(
            .open(
                OpenFrame(
                    transport: .tcp, path: 1, identifier: .random(), token: .random(), instance: nil, using: 1,
                    received: 0, limit: 100_000, parameters: [Parameter(Parameter.target, "/longwire/echo")])))
        _ = try await line.first("OPENED") { if case .opened = $0 { true } else { nil } }
        var flood = ByteBuffer()
        // PING with one byte.
        for _ in 0..<2_000 { flood.writeBytes([6, 1, 65]) }
        try await line.send(flood)
        let abort = try await line.first("ABORT") { if case .abort(let abort) = $0 { abort } else { nil } }
        #expect(abort.code == .overloaded)
        #expect(abort.reason == "more than 100 frames a second that bring nothing, the limit")
        // However many came, one answer at a time waited.
        #expect(line.frames.count { if case .pong = $0 { true } else { false } } < 100)
        try await other.send("undisturbed")
        #expect(try await other.nextText() == "undisturbed")
        await other.close()
        try await server.stop()
    }

    @Test func aSessionHasEightTransactionsAtATime() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let (identifier, token) = (SessionIdentifier.random(), SessionToken.random())
        let other = try await server.connect("echo")
        var lines: [FrameLine] = []
        for path in UInt64(1)...9 {
            let line = try await FrameLine.tcp(port: server.tcpPort)
            try await line.send(
                .open(
                    OpenFrame(
                        transport: .tcp, path: path, identifier: identifier, token: token, instance: nil, using: 0,
                        received: 0, limit: 100_000, parameters: [Parameter(Parameter.target, "/longwire/echo")])))
            lines.append(line)
            guard path < 9 else { break }
            _ = try await line.first("OPENED") { if case .opened = $0 { true } else { nil } }
        }
        let abort = try await lines[8].first("ABORT") { if case .abort(let abort) = $0 { abort } else { nil } }
        #expect(abort.code == .overloaded && abort.reason == "more than 8 transactions of one session")
        #expect(!lines[0].isOver)
        try await other.send("undisturbed")
        #expect(try await other.nextText() == "undisturbed")
        await other.close()
        try await server.stop()
    }

    @Test func aBodyThatDripsIsAnsweredInTime() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())]) {
            $0.session.heartbeat = .milliseconds(100)
            $0.session.pollHold = .milliseconds(100)
        }
        let events = try await RawConnection(port: server.port)
        try await events.request(
            "GET /longwire/echo?session=00112233445566778899aabbccddeeff",
            ["Accept: text/event-stream", "Longwire-Token: my-own-token-of-32-characters-x"])
        try await events.waits(for: "event: open")
        let drip = try await RawConnection(port: server.port)
        try await drip.request(
            "POST /longwire/echo?session=00112233445566778899aabbccddeeff",
            ["Longwire-Token: my-own-token-of-32-characters-x", "Content-Length: 1000"])
        let dripping = Task {
            while !drip.isOver {
                try await drip.send("x")
                try await Pace.idle(.milliseconds(20))
            }
        }
        let answer = try await drip.waits(for: "Body incomplete")
        #expect(answer.hasPrefix("HTTP/1.1 408"), "\(answer)")
        dripping.cancel()
        try await events.close()
        try await server.stop()
    }
}
