import LongwireClient
import LongwireServer
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

/// What a client is told of its line, and when it gives it up.
@Suite(.timeLimit(.minutes(1))) struct ClientLineTests {
    private final class Record: Sendable {
        let changes = NIOLockedValueBox<[SessionChange]>([])
        let frames = NIOLockedValueBox<[FrameTrace]>([])
    }

    private static func configuration(limit: Int?, _ record: Record) -> ClientConfiguration {
        var configuration = ClientConfiguration()
        configuration.reconnectLimit = limit
        configuration.onChange = { change in record.changes.withLockedValue { $0.append(change) } }
        return configuration
    }

    private static func reconnecting(_ record: Record) -> Int {
        record.changes.withLockedValue { changes in
            changes.count { if case .reconnecting = $0 { true } else { false } }
        }
    }

    @Test("With a limit of 0 a cut line is the end, and is told as such")
    func neverReconnects() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let cutter = try await TCPCutter(target: server.port)
        let record = Record()
        let session = try await Longwire.connect(
            "http://127.0.0.1:\(cutter.port)/longwire/echo",
            configuration: Self.configuration(limit: 0, record))
        try await session.send("before")
        #expect(try await session.nextText() == "before")
        try await cutter.cut()
        let ending = await session.ending
        #expect(ending.kind == .lost && ending.code == .expired, "\(ending)")
        #expect(Self.reconnecting(record) == 0)
        try await server.stop()
    }

    @Test("Attempts in a row are counted to the limit; a line that opens again starts the count anew")
    func countsAttempts() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let cutter = try await TCPCutter(target: server.port)
        let record = Record()
        let session = try await Longwire.connect(
            "http://127.0.0.1:\(cutter.port)/longwire/echo",
            configuration: Self.configuration(limit: 2, record))
        for round in 1...4 {
            try await session.send("round \(round)")
            #expect(try await session.nextText() == "round \(round)")
            try await cutter.cut()
            try await eventually("it noticed cut \(round)") { Self.reconnecting(record) == round }
        }
        try await session.send("after four cuts")
        #expect(try await session.nextText() == "after four cuts")
        try await cutter.refuse(true)
        try await cutter.cut()
        let ending = await session.ending
        #expect(ending.kind == .lost, "\(ending)")
        #expect(ending.reason.hasPrefix("no line after 2 attempts: "), "\(ending)")
        try await server.stop()
    }

    @Test("Frames of both ways are told with their type, number, size and credit")
    func frames() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let record = Record()
        var configuration = ClientConfiguration()
        configuration.onFrame = { frame in record.frames.withLockedValue { $0.append(frame) } }
        let session = try await server.connect("echo", configuration)
        try await session.send("hello")
        #expect(try await session.nextText() == "hello")
        try await session.send(ByteBuffer(repeating: 1, count: 20_000))
        var messages = session.messages.makeAsyncIterator()
        #expect(try await messages.next()?.payload.readableBytes == 20_000)
        await session.close()
        let frames = record.frames.withLockedValue { $0 }
        #expect(frames.first?.direction == .sent && frames.first?.name == "OPEN")
        for direction in [FrameTrace.Direction.sent, .received] {
            let numbered = frames.filter { $0.direction == direction && $0.number != nil }
            #expect(numbered.map(\.name) == ["TEXT", "FRAGMENT", "MESSAGE", "CLOSE"])
            #expect(numbered.map(\.number) == [1, 2, 3, 4])
            #expect(numbered.compactMap(\.size) == [5, 16_384, 3616])
            #expect(numbered.last?.code == .done)
        }
        let opened = try #require(frames.first { $0.name == "OPENED" })
        #expect(opened.direction == .received && opened.limit == 256 * 1024 && opened.received == 0)
        #expect(frames.contains { $0.name == "ACK" && $0.direction == .received && $0.received == 1 })
        let text = try #require(frames.first { $0.name == "TEXT" })
        #expect("\(text)" == "sent TEXT 1, 5 bytes")
        try await server.stop()
    }
}
