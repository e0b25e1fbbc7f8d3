import Foundation
import LongwireProtocol
import LongwireServer
import LongwireTransport
import NIOCore
import TestSupport
import Testing

/// Sessions on bare lines: TCP, and WebSockets of the built-in listener; and HTTP/2 in clear.
@Suite(.timeLimit(.minutes(2))) struct LineListenerTests {
    private static func open(
        _ transport: TransportKind, target: String? = nil, instance: SessionInstance? = nil
    ) -> OpenFrame {
        OpenFrame(
            transport: transport, path: 1, identifier: .random(), token: .random(), instance: instance, using: 1,
            received: 0, limit: 262_144, parameters: target.map { [Parameter(Parameter.target, $0)] } ?? [])
    }

    private func text(_ frame: Frame) -> String? {
        guard case .numbered(let frame) = frame, case .text(let bytes) = frame.content else { return nil }
        return String(buffer: bytes)
    }

    /// Opens a session, talks with the echo, and closes in order.
    private func converse(_ line: FrameLine, _ open: OpenFrame, _ server: TestServer) async throws {
        try await line.send(.open(open))
        let opened = try await line.first("OPENED") { if case .opened(let opened) = $0 { opened } else { nil } }
        #expect(opened.identifier == open.identifier)
        for number in 1...100 {
            let payload = ByteBuffer(string: "message \(number)")
            try await line.send(.numbered(NumberedFrame(number: UInt64(number), content: .text(payload))))
        }
        try await eventually("all echoes") { line.frames.compactMap(text).count == 100 }
        #expect(line.frames.compactMap(text) == (1...100).map { "message \($0)" })
        try await line.send(.numbered(NumberedFrame(number: 101, content: .close(.done, reason: ""))))
        _ = try await line.first("CLOSE") { frame -> CloseCode? in
            guard case .numbered(let frame) = frame, case .close(let code, _) = frame.content else { return nil }
            return code
        }
        try await line.send(.ack(AckFrame(received: 101, limit: 262_144, extra: 1)))
        try await line.waitsForEnd()
        try await eventually("no session is left") { server.mount.sessionCount == 0 }
    }

    private func refusal(_ line: FrameLine, _ open: OpenFrame) async throws -> AbortFrame {
        try await line.send(.open(open))
        return try await line.first("ABORT") { if case .abort(let abort) = $0 { abort } else { nil } }
    }

    @Test func aSessionTalksOverBareTCP() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let listener = try await TCPListener.bind(host: "127.0.0.1", port: 0, mount: server.mount, on: server.group)
        let port = try #require(listener.localAddress?.port)
        try await converse(try await .tcp(port: port), Self.open(.tcp, target: "/longwire/echo"), server)
        await listener.stopAccepting()
        try await server.stop()
    }

    @Test func whatIsNoSessionOnBareTCPIsRefusedAndDisturbsNobody() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())]) {
            $0.session.timeToOpen = .seconds(30)
        }
        let listener = try await TCPListener.bind(host: "127.0.0.1", port: 0, mount: server.mount, on: server.group)
        let port = try #require(listener.localAddress?.port)
        for target in [nil, "/longwire/nothing", "/elsewhere", "/longwire/../echo", ""] {
            let abort = try await refusal(try await .tcp(port: port), Self.open(.tcp, target: target))
            #expect(abort.code == .noSuchServlet, "\(target ?? "none")")
        }
        let wrong = try await refusal(try await .tcp(port: port), Self.open(.duplex, target: "/longwire/echo"))
        #expect(wrong.code == .protocolError)
        try await converse(try await .tcp(port: port), Self.open(.tcp, target: "/longwire/echo"), server)
        await listener.stopAccepting()
        try await server.stop()
    }

    @Test func whoSaysNothingOnBareTCPIsClosedAfterTheTimeToOpen() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())]) {
            $0.session.timeToOpen = .milliseconds(200)
        }
        try await (try await FrameLine.tcp(port: server.tcpPort)).waitsForEnd()
        // And who says what may still become a frame.
        let garbage = try await FrameLine.tcp(port: server.tcpPort)
        try? await garbage.send(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        try await garbage.waitsForEnd()
        try await server.stop()
    }

    @Test func aSessionTalksOverAWebSocket() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let line = try await FrameLine.webSocket(port: server.port, "/longwire/echo")
        #expect(line.status == 101)
        try await converse(line, Self.open(.websocket), server)
        try await server.stop()
    }

    @Test func aWebSocketIsForServletsAndForPagesOfThisSite() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        #expect(try await FrameLine.webSocket(port: server.port, "/longwire/nothing").status == 404)
        #expect(try await FrameLine.webSocket(port: server.port, "/longwire/").status == 200)
        for origin in ["https://evil.example", "null"] {
            let line = try await FrameLine.webSocket(port: server.port, "/longwire/echo", [("Origin", origin)])
            #expect(line.status == 403, "\(origin)")
        }
        let own = try await FrameLine.webSocket(
            port: server.port, "/longwire/echo", [("Origin", "http://localhost:\(server.port)")])
        #expect(own.status == 101)
        let abort = try await refusal(own, Self.open(.duplex))
        #expect(abort.code == .protocolError)
        try await own.waitsForEnd()
        try await server.stop()
    }

    @Test func aWebSocketThatGoesLeavesTheSessionToBeResumed() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())]) {
            $0.session.resumeTime = .milliseconds(200)
        }
        let line = try await FrameLine.webSocket(port: server.port, "/longwire/echo")
        try await line.send(.open(Self.open(.websocket)))
        _ = try await line.first("OPENED") { if case .opened(let opened) = $0 { opened } else { nil } }
        #expect(server.mount.sessionCount == 1)
        try await line.close()
        try await eventually("the session is given up") { server.mount.sessionCount == 0 }
        try await server.stop()
    }

    @Test func aWebSocketFrameGreaterThanTheLimitEndsItsOwnLineBeforeAnyOfItComes() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let neighbour = try await FrameLine.webSocket(port: server.port, "/longwire/echo")
        let greedy = try await RawConnection(port: server.port)
        try await greedy.request(
            "GET /longwire/echo",
            [
                "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            ])
        try await greedy.waits(for: "101 Switching Protocols")
        // The head alone (RFC 6455, 5.2): a whole binary message, a length of eight bytes, a key of zeros.
        var head = ByteBuffer(bytes: [0x82, 0xFF])
        head.writeInteger(UInt64(WebSocketDecoder.frameLimit + 1))
        head.writeInteger(UInt32(0))
        try await greedy.send(head)
        // What is not UTF-8 was replaced: the bytes are 88 02 03 F1, a close with 1009.
        let answer = try await greedy.waitsForEnd()
        #expect(answer.hasSuffix("\u{FFFD}\u{2}\u{3}\u{FFFD}"), "\(answer.debugDescription)")
        try await converse(neighbour, Self.open(.websocket), server)
        try await server.stop()
    }

    // R: D10
    @Test func requestsOfHTTP2InClearAreServedAlike() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let folder = try TemporaryFolder()
        let open = Self.open(.poll)
        let file = folder.path("open")
        try Data(FrameEncoder.encoded(.open(open)).readableBytesView).write(to: URL(fileURLWithPath: file))
        let url = "http://127.0.0.1:\(server.port)/longwire"
        let page = try await ManagedProcess.mustRun(
            "curl", ["-sS", "--max-time", "20", "--http2-prior-knowledge", "-w", "%{http_version}", "\(url)/"])
        #expect(page.contains("longwire connect") && page.hasSuffix("2"), "\(page)")
        let answer = try await ManagedProcess.mustRun(
            "curl",
            [
                "-sS", "--max-time", "20", "--http2-prior-knowledge", "-o", folder.path("answer"), "-w",
                "%{http_version} %{http_code} %{size_download}", "-H", "Content-Type: application/vnd.longwire",
                "--data-binary", "@\(file)", "\(url)/echo",
            ])
        #expect(answer.hasPrefix("2 200 "), "\(answer)")
        #expect(Int(answer.split(separator: " ")[2]) ?? 0 > 30, "\(answer)")
        #expect(server.mount.sessionCount == 1)
        try await server.stop()
    }
}
