import LongwireSession
import LongwireTesting
import NIOCore
import NIOPosix
import Testing

@Suite("A session between two ends in memory")
struct SessionPairTests {
    private let loop = MultiThreadedEventLoopGroup.singleton.next()

    private func echo(_ session: Session) async throws {
        for try await message in session.messages { try await session.send(message) }
        await session.close()
    }

    @Test("Messages go both ways in their kinds, and both ends learn the same end")
    func conversation() async throws {
        let pair = try await SessionPair.open(on: loop)
        async let served: Void = echo(pair.server)
        var messages = pair.client.messages.makeAsyncIterator()
        for sent in [Message("text"), Message(ByteBuffer(bytes: [0, 255])), Message("")] {
            try await pair.client.send(sent)
            #expect(try await messages.next() == sent)
        }
        let ending = await pair.client.close(CloseCode(rawValue: 1000), reason: "enough")
        #expect(ending.kind == .closed)
        try await served
        #expect(await pair.server.ending.reason == "enough")
    }

    // R: D11
    @Test("Lines that break lose nothing, double nothing and change no order")
    func cuts() async throws {
        let pair = try await SessionPair.open(on: loop)
        async let served: Void = echo(pair.server)
        let count = 5000
        async let sent: Void = {
            for number in 0..<count {
                try await pair.client.send("\(number)")
                if number % 100 == 50 { await pair.cutLine() }
            }
        }()
        var expected = 0
        for try await message in pair.client.messages {
            #expect(message.text == "\(expected)")
            expected += 1
            if expected == count { break }
        }
        try await sent
        #expect(await pair.client.close().kind == .closed)
        try await served
    }

    @Test("A line that breaks before it has opened is followed by the next")
    func cutsOfTheUnopened() async throws {
        let pair = try await SessionPair.open(on: loop)
        async let served: Void = echo(pair.server)
        var messages = pair.client.messages.makeAsyncIterator()
        for round in 0..<20 {
            // Many in one turn of the loop: all but the first find a line that is being opened.
            await withTaskGroup { group in
                for _ in 0..<50 { group.addTask { await pair.cutLine() } }
            }
            try await pair.client.send("\(round)")
            #expect(try await messages.next()?.text == "\(round)")
        }
        #expect(await pair.client.close().kind == .closed)
        try await served
    }

    @Test("A reader that stops makes the sender wait, and nobody keeps more than the windows")
    func backPressure() async throws {
        let pair = try await SessionPair.open(on: loop)
        let payload = ByteBuffer(repeating: 1, count: 10_000)
        let sender = Task { for _ in 0..<200 { try await pair.client.send(payload) } }
        // The sender fills the window of the one end and the buffer of the other, and stops there.
        var seen: UInt64 = 0
        while true {
            let now = await pair.client.status.unacknowledged
            if now >= 200_000, now == seen { break }
            seen = now
            await Task.yield()
        }
        #expect(await pair.client.status.unacknowledged <= 256 * 1024 + 16 * 1024)
        var received = 0
        for try await message in pair.server.messages {
            #expect(message.payload.readableBytes == 10_000)
            received += 1
            if received == 200 { break }
        }
        try await sender.value
        pair.server.finish()
        #expect(await pair.client.close().kind == .closed)
    }

    // R: D4
    @Test("Who is done in the middle of a full two-way flow comes to a proper end", arguments: [true, false])
    func finishUnderLoad(onLoop: Bool) async throws {
        let pair = try await SessionPair.open(on: loop)
        async let served: Void = echo(pair.server)
        let payload = ByteBuffer(repeating: 7, count: 300)
        let sender = Task { while true { try await pair.client.send(payload) } }
        var received = 0
        for try await _ in pair.client.messages {
            received += 1
            if received == 2000 { break }
        }
        if onLoop {
            try await loop.submit { pair.client.finish() }.get()
        } else {
            pair.client.finish()
        }
        await #expect(throws: SessionClosed.self) { try await sender.value }
        #expect(await pair.client.ending.kind == .closed)
        try await served
        #expect(await pair.server.ending.kind == .closed)
    }
}
