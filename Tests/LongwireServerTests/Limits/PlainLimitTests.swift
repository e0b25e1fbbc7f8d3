import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import LongwireProtocol
@testable import LongwireServer
@testable import LongwireSession

/// What clients without frames may ask a server to keep for them.
@Suite(.timeLimit(.minutes(2))) struct PlainLimitTests {
    /// Takes no message, and answers none.
    private struct Deaf: Servlet {
        func service(_ session: Session) async throws { _ = await session.ending }
    }

    private static let secret = "Longwire-Token: my-own-token-of-32-characters-x"
    private static let session = "00112233445566778899aabbccddeeff"

    private static func open(_ server: TestServer, _ servlet: String, _ session: String = session) async throws
        -> RawConnection
    {
        let events = try await RawConnection(port: server.port)
        try await events.request("GET /longwire/\(servlet)?session=\(session)", ["Accept: text/event-stream", secret])
        try await events.waits(for: "event: open")
        return events
    }

    private static func post(
        _ server: TestServer, _ servlet: String, _ body: String, _ session: String = session
    ) async throws -> RawConnection {
        let connection = try await RawConnection(port: server.port)
        try await connection.request("POST /longwire/\(servlet)?session=\(session)", [secret], body: body)
        return connection
    }

    @Test func oneGreatMessageWaitsForRoomAndTheOthersComeAgain() async throws {
        let server = try await TestServer(["deaf": .task(Deaf()), "echo": .inline(EchoServlet())]) {
            $0.session.receiveWindow = 32 * 1024
            $0.session.sendBuffer = 32 * 1024
            $0.session.heartbeat = .minutes(10)
        }
        let events = try await Self.open(server, "deaf")
        let great = String(repeating: "x", count: 1024 * 1024)
        // One is put together at the server, and one is under way.
        for _ in 0..<2 { try await Self.post(server, "deaf", great).waits(for: "HTTP/1.1 204") }
        // There is no room for these two; one of them may wait for it.
        let others = [try await Self.post(server, "deaf", great), try await Self.post(server, "deaf", great)]
        try await eventually("one of them is told to come again") {
            others.count { $0.text.hasPrefix("HTTP/1.1 429") } == 1
        }
        let neighbour = String(Self.session.reversed())
        let other = try await Self.open(server, "echo", neighbour)
        try await Self.post(server, "echo", "undisturbed", neighbour).waits(for: "HTTP/1.1 204")
        try await other.waits(for: "data: undisturbed")
        for connection in [events, other] + others { try? await connection.close() }
        try await server.stop()
    }

    @Test func whatIsKeptForReplayCountsToWhatAllSessionsHold() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())]) { $0.session.resumeTime = .seconds(1) }
        let events = try await Self.open(server, "echo")
        for number in 0..<40 {
            let text = "\(number) " + String(repeating: "x", count: 10_000)
            try await Self.post(server, "echo", text).waits(for: "HTTP/1.1 204")
            try await events.waits(for: "data: \(number) ")
        }
        try await eventually("it is counted") { server.mount.buffers.held > 200_000 }
        try await events.close()
        try await eventually("nothing is held for who has gone") { server.mount.buffers.held == 0 }
        try await server.stop()
    }

    @Test func whatIsKeptForReplayGetsLessWhereMuchIsHeld() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())]) { $0.limits.buffered = 160 * 1024 }
        let events = try await Self.open(server, "echo")
        for number in 0..<40 {
            let text = "\(number) " + String(repeating: "x", count: 10_000)
            try await Self.post(server, "echo", text).waits(for: "HTTP/1.1 204")
            try await events.waits(for: "data: \(number) ")
        }
        #expect(server.mount.buffers.held <= 160 * 1024)
        #expect(!events.text.contains("event: close"))
        try await events.close()
        try await server.stop()
    }

    @Test func bodiesThatDoNotComeToTheirEndAreBoundedTogether() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())]) {
            $0.limits.buffered = 1024 * 1024
            $0.session.heartbeat = .minutes(10)
        }
        let events = try await Self.open(server, "echo")
        var bodies: [RawConnection] = []
        for _ in 0..<2 {
            let connection = try await RawConnection(port: server.port)
            try await connection.request(
                "POST /longwire/echo?session=\(Self.session)", [Self.secret, "Content-Length: 300000"])
            try await connection.send(String(repeating: "x", count: 200_000))
            bodies.append(connection)
        }
        // A quarter of what may wait in all: there is room for one.
        try await eventually("the other is told so") {
            bodies.count { $0.text.hasPrefix("HTTP/1.1 503") && $0.text.lowercased().contains("retry-after: ") } == 1
        }
        // What comes whole is taken meanwhile.
        try await Self.post(server, "echo", "undisturbed").waits(for: "HTTP/1.1 204")
        try await events.waits(for: "data: undisturbed")
        for connection in bodies { try? await connection.close() }
        let next = try await RawConnection(port: server.port)
        try await next.request(
            "POST /longwire/echo?session=\(Self.session)", [Self.secret, "Content-Length: 200001"])
        try await next.send(String(repeating: "y", count: 200_000))
        try await Pace.idle(.milliseconds(50))
        try await next.send("y")
        try await next.waits(for: "HTTP/1.1 204")
        try await events.close()
        try await server.stop()
    }

    @Test func noMoreThanSoManyEndedSessionsAreRemembered() async throws {
        let directory = PlainDirectory()
        let identifiers = (0..<5_000).map { _ in SessionIdentifier.random() }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        try await loop.submit {
            let core = SessionCore(
                machine: SessionMachine(
                    role: .client, configuration: SessionConfiguration(), identifier: .random(), token: .random(),
                    now: .now()), wheel: TimerWheel(eventLoop: loop))
            let peer = PlainPeer(
                core: core, token: .random(bytes: 32), heartbeat: .seconds(1), resumeTime: .seconds(1)
            ) {}
            for identifier in identifiers {
                directory.insert(
                    identifier,
                    PlainDirectory.Entry(
                        token: .random(bytes: 8), resumeKey: .random(bytes: 8), servlet: "echo", principal: nil,
                        eventLoop: loop, peer: NIOLoopBound(peer, eventLoop: loop)))
                directory.ended(identifier)
            }
        }.get()
        #expect(directory.identifiers == Set(identifiers.suffix(4_096)))
    }
}
