import Foundation
import LongwireProtocol
import LongwireServer
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

/// What strangers may send to the built-in listeners: it costs them their connection, and nobody else anything.
@Suite(.timeLimit(.minutes(2))) struct StrangerTests {
    private static func server(timeToOpen: TimeAmount = .seconds(30)) async throws -> TestServer {
        try await TestServer(["echo": .inline(EchoServlet())]) { $0.session.timeToOpen = timeToOpen }
    }

    private func isAlive(_ server: TestServer) async throws -> Bool {
        try await RawConnection.answer(port: server.port, "GET /longwire/").hasPrefix("HTTP/1.1 200")
    }

    @Test func aListOfThousandsOfProtocolsToUpgradeToIsNoList() async throws {
        let server = try await Self.server()
        let list = String(repeating: "a,", count: 38_000) + "a"
        let answer = try await RawConnection.answer(port: server.port, "GET /longwire/", ["Upgrade: \(list)"])
        #expect(answer.hasPrefix("HTTP/1.1 200"))
        #expect(try await isAlive(server))
        try await server.stop()
    }

    @Test func aForeignTargetBehindAnOpenResponseEndsTheConnectionAlone() async throws {
        let server = try await Self.server()
        let connection = try await RawConnection(port: server.port)
        let first = "GET /longwire/echo HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n"
        try await connection.send(first + "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try await connection.waitsForEnd().components(separatedBy: "HTTP/1.1").count <= 2)
        #expect(try await isAlive(server))
        try await server.stop()
    }

    @Test func nothingPilesUpBehindAWishThatIsNotGranted() async throws {
        let server = try await Self.server()
        let connection = try await RawConnection(port: server.port)
        try await connection.request(
            "GET /longwire/echo", ["Accept: text/event-stream", "Connection: upgrade", "Upgrade: x"])
        try await connection.waits(for: "text/event-stream")
        let piece = String(repeating: "x", count: 64 * 1024)
        try? await {
            for _ in 0..<64 { try await connection.send(piece) }
        }()
        _ = try await connection.waitsForEnd()
        try await server.stop()
    }

    @Test func whatFollowsTheLastAnswerOfAConnectionIsNotServed() async throws {
        let server = try await Self.server()
        let connection = try await RawConnection(port: server.port)
        let last = "GET /longwire/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        try await connection.send(last + "GET /longwire/ HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try await connection.waitsForEnd().components(separatedBy: "HTTP/1.1 200").count == 2)
        try await server.stop()
    }

    @Test func aConnectionOfHTTP2WithoutStreamsIsClosed() async throws {
        let server = try await Self.server(timeToOpen: .seconds(1))
        let connection = try await RawConnection(port: server.port)
        try? await connection.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0")
        _ = try await connection.waitsForEnd()
        try await server.stop()
    }

    @Test func aWebSocketOutlivesTheTimeToOpen() async throws {
        let server = try await Self.server(timeToOpen: .seconds(4))
        let line = try await FrameLine.webSocket(port: server.port, "/longwire/echo")
        let open = OpenFrame(
            transport: .websocket, path: 1, identifier: .random(), token: .random(), instance: nil, using: 1,
            received: 0, limit: 262_144, parameters: [])
        try await line.send(.open(open))
        _ = try await line.first("OPENED") { if case .opened(let opened) = $0 { opened } else { nil } }
        // A connection that began after it is closed for saying nothing in the time to OPEN.
        _ = try await (try await RawConnection(port: server.port)).waitsForEnd()
        #expect(!line.isOver)
        try await line.send(.numbered(NumberedFrame(number: 1, content: .text(ByteBuffer(string: "still here")))))
        _ = try await line.first("the echo") { frame -> UInt64? in
            guard case .numbered(let frame) = frame else { return nil }
            return frame.number
        }
        try await server.stop()
    }

    /// Keeps what it receives.
    private struct Keeper: InlineServlet {
        let kept: NIOLockedValueBox<[String]>
        func received(_ message: Message, in session: Session) {
            kept.withLockedValue { $0.append(message.text) }
        }
    }

    // R: D11
    @Test func messagesThatComeTogetherWithAnAbortAreServedFirst() async throws {
        let kept = NIOLockedValueBox<[String]>([])
        let server = try await TestServer(["keep": .inline(Keeper(kept: kept))])
        let line = try await FrameLine.tcp(port: server.tcpPort)
        let open = OpenFrame(
            transport: .tcp, path: 1, identifier: .random(), token: .random(), instance: nil, using: 1, received: 0,
            limit: 262_144, parameters: [Parameter(Parameter.target, "/longwire/keep")])
        try await line.send(.open(open))
        _ = try await line.first("OPENED") { if case .opened(let opened) = $0 { opened } else { nil } }
        var bytes = ByteBuffer()
        for number in 1...3 {
            let content = NumberedFrame.Content.text(ByteBuffer(string: "message \(number)"))
            FrameEncoder.write(.numbered(NumberedFrame(number: UInt64(number), content: content)), to: &bytes)
        }
        FrameEncoder.write(.abort(AbortFrame(received: 0, code: .done, reason: "enough")), to: &bytes)
        try await line.send(bytes)
        try await eventually("the session is over") { server.mount.sessionCount == 0 }
        #expect(kept.withLockedValue { $0 } == ["message 1", "message 2", "message 3"])
        try await server.stop()
    }
}
