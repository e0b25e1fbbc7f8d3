import Foundation
import LongwireClient
import LongwireProtocol
import NIOCore
import TestSupport
import Testing

@testable import LongwireServer

/// Frames and paths that bring nothing: they cost who sends them, and nobody else.
@Suite(.timeLimit(.minutes(2))) struct UselessFrameTests {
    /// Takes no message, and answers none.
    private struct Deaf: Servlet {
        func service(_ session: Session) async throws { _ = await session.ending }
    }

    private static func open(
        _ servlet: String, identifier: SessionIdentifier = .random(), token: SessionToken = .random(), using: UInt64 = 1
    ) -> Frame {
        .open(
            OpenFrame(
                transport: .tcp, path: 1, identifier: identifier, token: token, instance: nil, using: using,
                received: 0, limit: 262_144, parameters: [Parameter(Parameter.target, "/longwire/\(servlet)")]))
    }

    private static func isOpened(_ frame: Frame) -> Bool? { if case .opened = frame { true } else { nil } }

    @Test func padIsDroppedAsItComesAndNothingOfItIsKept() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let other = try await server.connect("echo")
        let line = try await FrameLine.tcp(port: server.tcpPort)
        try await line.send(Self.open("echo"))
        _ = try await line.first("OPENED", Self.isOpened)
        var pad = ByteBuffer()
        for _ in 0..<64 { FrameEncoder.writePad(FrameLimits.value, to: &pad) }
        // Thirty megabytes, and a frame behind them.
        for _ in 0..<30 { try await line.send(pad) }
        #expect(server.mount.buffers.held == 0)
        try await other.send("undisturbed")
        #expect(try await other.nextText() == "undisturbed")
        try await line.send(.numbered(NumberedFrame(number: 1, content: .text(ByteBuffer(string: "behind")))))
        _ = try await line.first("the echo") { frame -> Bool? in
            if case .numbered(let frame) = frame { frame.number == 1 } else { nil }
        }
        await other.close()
        try await line.close()
        try await server.stop()
    }

    @Test func whoSendsNothingButPadIsCutInTheTimeToOpen() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())]) { $0.session.timeToOpen = .seconds(1) }
        let line = try await FrameLine.tcp(port: server.tcpPort)
        var pad = ByteBuffer()
        FrameEncoder.writePad(1_000, to: &pad)
        let sending = Task { [pad] in
            while !line.isOver {
                try await line.send(pad)
                try await Pace.idle(.milliseconds(20))
            }
        }
        try await line.waitsForEnd()
        sending.cancel()
        #expect(server.mount.sessionCount == 0)
        try await server.stop()
    }

    @Test func emptyMessagesThatNobodyTakesEndAtTheWindow() async throws {
        let server = try await TestServer(["deaf": .task(Deaf()), "echo": .inline(EchoServlet())]) {
            $0.session.receiveWindow = 32 * 1024
        }
        let other = try await server.connect("echo")
        let line = try await FrameLine.tcp(port: server.tcpPort)
        try await line.send(Self.open("deaf"))
        _ = try await line.first("OPENED", Self.isOpened)
        func empty(_ numbers: ClosedRange<UInt64>) -> ByteBuffer {
            var frames = ByteBuffer()
            for number in numbers {
                FrameEncoder.write(
                    .numbered(NumberedFrame(number: number, content: .text(ByteBuffer()))), to: &frames)
            }
            return frames
        }
        // Each takes 64 bytes of the window.
        try await line.send(empty(1...512))
        _ = try await line.first("all of them acknowledged") { frame -> Bool? in
            if case .ack(let ack) = frame, ack.received == 512 { true } else { nil }
        }
        // It is counted once the turn that acknowledged is over.
        try await eventually("all of them are held") { server.mount.buffers.held == 32 * 1024 }
        try await line.send(empty(513...513))
        let abort = try await line.first("ABORT") { if case .abort(let abort) = $0 { abort } else { nil } }
        #expect(abort.code == .protocolError && abort.reason == "a frame beyond the credit granted")
        try await other.send("undisturbed")
        #expect(try await other.nextText() == "undisturbed")
        await other.close()
        try await server.stop()
    }

    @Test func candidatesThatAreNeverChosenEndAndLeaveNothingBehind() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())]) { $0.session.timeToOpen = .seconds(1) }
        let other = try await server.connect("echo")
        let identifiers = (0..<20).map { _ in SessionIdentifier.random() }
        var lines: [FrameLine] = []
        for identifier in identifiers {
            let line = try await FrameLine.tcp(port: server.tcpPort)
            try await line.send(Self.open("echo", identifier: identifier, using: 0))
            _ = try await line.first("OPENED", Self.isOpened)
            lines.append(line)
        }
        for line in lines { try await line.waitsForEnd() }
        try await eventually("only the neighbour's session is left") { server.mount.sessionCount == 1 }
        #expect(server.mount.knownIdentifiers.isDisjoint(with: identifiers))
        // Not even the name is taken.
        let again = try await FrameLine.tcp(port: server.tcpPort)
        try await again.send(Self.open("echo", identifier: identifiers[0]))
        _ = try await again.first("OPENED", Self.isOpened)
        try await other.send("undisturbed")
        #expect(try await other.nextText() == "undisturbed")
        await other.close()
        try await again.close()
        try await server.stop()
    }
}
