import LongwireClient
import NIOCore
import Testing
import TestSupport

/// Line 2 of what must be shown: everything inside one transaction, both ways, each at its own pace.
@Suite("Two ways inside one transaction", .serialized, .timeLimit(.minutes(2)))
struct FlowOneTransactionTests {
    private static let count = 10_000

    // R: D1, D2, D3, D7
    @Test(
        "10,000 messages each way, each side speaking while the other is silent, are one line in the access log",
        arguments: FlowUpstream.allCases)
    func eachAtItsPace(upstream: FlowUpstream) async throws {
        let sentByClient = FlowBox(0)
        let servlet = FlowServlet { session in
            // The client says nothing yet: the pace is the servlet's own.
            for number in 0..<Self.count {
                if number == Self.count - 1 { #expect(sentByClient.value == 0) }
                try await session.send(Message(number: number))
                if number % 500 == 499 { try await Pace.idle(.milliseconds(5)) }
            }
            var expected = 0
            for try await message in session.messages {
                #expect(message.number == expected)
                expected += 1
            }
            #expect(expected == Self.count)
        }
        let server = try await FlowServer(["talk": servlet], over: upstream)
        let client = try await FlowClient.connect(server.url("talk"))
        var messages = client.session.messages.makeAsyncIterator()
        for number in 0..<Self.count {
            let message = try #require(try await messages.next())
            guard message.number == number else {
                Issue.record("message \(number) is \(message)")
                return
            }
        }
        for number in 0..<Self.count {
            sentByClient.set(number + 1)
            try await client.session.send(Message(number: number))
            if number % 500 == 499 { try await Pace.idle(.milliseconds(5)) }
        }
        #expect(server.nginx.accessLog().isEmpty)
        let ending = await client.session.close()
        #expect(ending.kind == .closed)
        #expect(try await messages.next() == nil)
        try await server.becomesEmpty()
        try await eventually("the access log has the transaction") { !server.nginx.accessLog().isEmpty }
        let log = server.nginx.accessLog()
        #expect(log.count == 1)
        #expect(log.first?.status == 200)
        #expect(log.first?.method == "POST")
        #expect(client.changes.list == [.connected(.duplex)])
        await server.stop()
    }

    // R: D2, D3
    @Test("neither direction waits for the other: each is carried on while the other's application does not read")
    func independent() async throws {
        let goOn = AsyncStream<Void>.makeStream()
        let servlet = FlowServlet { session in
            // Reads nothing until all was sent and taken by the client.
            for number in 0..<Self.count { try await session.send(Message(number: number)) }
            for await _ in goOn.stream { break }
            for _ in 0..<Self.count { #expect(try await session.messages.first { _ in true } != nil) }
        }
        let server = try await FlowServer(["talk": servlet])
        let client = try await FlowClient.connect(server.url("talk"))
        let sender = Task { for number in 0..<Self.count { try await client.session.send(Message(number: number)) } }
        // The uplink fills and stands; the downlink goes on to its end.
        var messages = client.session.messages.makeAsyncIterator()
        for number in 0..<Self.count { #expect(try await messages.next()?.number == number) }
        goOn.continuation.yield()
        try await sender.value
        #expect(try await messages.next() == nil)
        #expect(await client.session.close().kind == .closed)
        try await server.becomesEmpty()
        #expect(server.nginx.accessLog().count <= 1)
        await server.stop()
    }

    // R: D3
    @Test("what the server makes while nothing moves arrives without any byte from the client")
    func unasked() async throws {
        let (ticks, tick) = AsyncStream<Int>.makeStream()
        let servlet = FlowServlet { session in
            for await number in ticks { try await session.send("tick \(number)") }
        }
        let server = try await FlowServer(["clock": servlet], cutsFront: true)
        let front = try #require(server.front)
        let client = try await FlowClient.connect(server.url("clock"))
        var messages = client.session.messages.makeAsyncIterator()
        for number in 0..<20 {
            // Nothing of the client's goes further than the cutter from here on: the server hears not a byte.
            try await front.pause(.up)
            let before = try await front.bytes(.up)
            tick.yield(number)
            #expect(try await messages.next()?.text == "tick \(number)")
            #expect(try await front.bytes(.up) == before)
            try await front.resume(.up)
        }
        tick.finish()
        #expect(try await messages.next() == nil)
        #expect(await client.session.close().kind == .closed)
        try await server.becomesEmpty()
        await server.stop()
    }

    // R: D7
    @Test("bytes and text, empty and large, arrive as what they were")
    func kinds() async throws {
        let servlet = FlowServlet { session in
            for try await message in session.messages { try await session.send(message) }
        }
        let server = try await FlowServer(["echo": servlet])
        let client = try await FlowClient.connect(server.url("echo"))
        var random = FlowRandom(seed: 7)
        var sent = [Message(""), Message("Grüße, 世界 \u{0}\r\n"), Message(ByteBuffer())]
        for size in [1, 255, 16_383, 16_384, 16_385, 100_000, 1 << 20] {
            sent.append(Message(ByteBuffer(bytes: (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) })))
            sent.append(Message(String(repeating: "é", count: size / 2)))
        }
        let all = sent
        let sender = Task { for message in all { try await client.session.send(message) } }
        var messages = client.session.messages.makeAsyncIterator()
        for message in sent { #expect(try await messages.next() == message) }
        try await sender.value
        #expect(await client.session.close().kind == .closed)
        await server.stop()
    }
}
