import LongwireProtocol
import LongwireSession
import NIOCore
import NIOPosix
import Testing

/// What receiving and ending promise.
@Suite(.timeLimit(.minutes(1))) struct SessionEndTests {
    private static let loop = MultiThreadedEventLoopGroup.singleton

    @Test func oneTaskAtATimeMayIterate() async throws {
        let pair = try await MemoryPair(on: Self.loop.next())
        let outcomes = await withTaskGroup(of: String.self, returning: [String].self) { group in
            for _ in 0..<2 {
                group.addTask {
                    var messages = pair.server.messages.makeAsyncIterator()
                    do {
                        return try await messages.next()?.text ?? "nothing"
                    } catch { return "\(error)" }
                }
            }
            // The one that came second fails at once; only then is there a message for the first.
            let second = await group.next() ?? ""
            try? await pair.client.send("for the first")
            return [second, await group.next() ?? ""]
        }
        #expect(outcomes == ["another task is already waiting for this session's messages", "for the first"])
    }

    @Test func aCancelledConsumerMakesRoomForTheNext() async throws {
        let pair = try await MemoryPair(on: Self.loop.next())
        let first = Task {
            var messages = pair.server.messages.makeAsyncIterator()
            return try await messages.next()
        }
        first.cancel()
        await #expect(throws: CancellationError.self) { _ = try await first.value }
        let second = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            var messages = pair.server.messages.makeAsyncIterator()
            return try await messages.next()
        }
        await #expect(throws: CancellationError.self) { _ = try await second.value }
        try await pair.client.send("still here")
        var messages = pair.server.messages.makeAsyncIterator()
        #expect(try await messages.next()?.text == "still here")
    }

    // R: D4
    @Test func closeComesAfterEverythingSentAndTheOtherDirectionStaysOpen() async throws {
        let pair = try await MemoryPair(on: Self.loop.next())
        for number in 0..<200 { try await pair.client.send("\(number)") }
        async let ending = pair.client.close(CloseCode(rawValue: 1000), reason: "enough")
        var count = 0
        for try await message in pair.server.messages {
            #expect(message.text == "\(count)")
            count += 1
        }
        #expect(count == 200)
        await #expect(throws: SessionClosed.self) { try await pair.client.send("too late") }
        try await pair.server.send("the answer")
        var messages = pair.client.messages.makeAsyncIterator()
        #expect(try await messages.next()?.text == "the answer")
        let own = await pair.server.close()
        #expect(try await messages.next() == nil)
        let other = await ending
        #expect(own.kind == .closed && own.code == CloseCode(rawValue: 1000) && own.reason == "enough")
        #expect(own.isRemote)
        #expect(other.kind == .closed && other.code == CloseCode(rawValue: 1000) && !other.isRemote)
        // The end stays known, and is said to whoever sends.
        #expect(await pair.client.ending == other)
        await #expect(throws: SessionEnding.self) { try await pair.server.send("too late") }
    }

    // R: D5
    @Test func finishDropsWhatStillComes() async throws {
        let pair = try await MemoryPair(on: Self.loop.next())
        try await pair.server.send("the last word")
        pair.server.finish(CloseCode(rawValue: 1234), reason: "the servlet returned")
        var texts: [String] = []
        for try await message in pair.client.messages { texts.append(message.text) }
        #expect(texts == ["the last word"])
        for number in 0..<100 { try await pair.client.send("nobody takes \(number)") }
        let ending = await pair.client.close()
        #expect(ending.kind == .closed && ending.code == CloseCode(rawValue: 1234), "\(ending)")
        var messages = pair.server.messages.makeAsyncIterator()
        #expect(try await messages.next() == nil)
    }

    // R: D5
    @Test func abortDeliversWhatHadArrivedAndThenTheError() async throws {
        let pair = try await MemoryPair(on: Self.loop.next())
        for number in 0..<3 { try await pair.client.send("\(number)") }
        try await until { await pair.client.status.unacknowledged == 0 }
        pair.client.abort(.internalError, reason: "something broke")
        _ = await pair.server.ending
        var messages = pair.server.messages.makeAsyncIterator()
        for number in 0..<3 { #expect(try await messages.next()?.text == "\(number)") }
        let error = await #expect(throws: SessionEnding.self) { _ = try await messages.next() }
        #expect(error?.kind == .aborted && error?.code == .internalError && error?.reason == "something broke")
        #expect(error?.isRemote == true)
    }

    @Test func whoeverWaitsIsToldOfTheEnd() async throws {
        var small = SessionConfiguration()
        small.receiveWindow = 32 * 1024
        small.sendBuffer = 32 * 1024
        let pair = try await MemoryPair(on: Self.loop.next(), client: small, server: small)
        let consumer = Task {
            var messages = pair.client.messages.makeAsyncIterator()
            return try await messages.next()
        }
        let senders = (0..<200).map { _ in
            Task { try await pair.client.send(ByteBuffer(repeating: 1, count: 4000)) }
        }
        let waiters = (0..<3).map { _ in Task { await pair.client.ending } }
        try await until { await pair.client.status.unacknowledged > 28 * 1024 }
        pair.server.abort(.goingAway, reason: "off")
        for waiter in waiters { #expect(await waiter.value.code == .goingAway) }
        await #expect(throws: SessionEnding.self) { _ = try await consumer.value }
        var failed = 0
        for sender in senders {
            if case .failure(let error) = await sender.result, error is SessionEnding { failed += 1 }
        }
        #expect(failed > 100)
        // Every send that returned is either covered or counted.
        let ending = await pair.client.ending
        #expect(ending.covered + ending.unacknowledged == UInt64(200 - failed), "\(ending) \(failed)")
    }

    // R: D4
    @Test func aByteStreamEndsInEachDirectionByItself() async throws {
        let pair = try await MemoryPair(on: Self.loop.next())
        let (up, down) = (pair.client.byteStream, pair.server.byteStream)
        let sent = ByteBuffer(bytes: (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        async let writing: Void = {
            try await up.write(sent)
            up.finishWriting()
        }()
        var arrived = ByteBuffer()
        for try await var piece in down.bytes {
            #expect(piece.readableBytes > 0)
            arrived.writeBuffer(&piece)
        }
        try await writing
        #expect(arrived == sent)
        try await down.write(ByteBuffer(string: "after the other end"))
        down.finishWriting()
        var answer = ByteBuffer()
        for try await var piece in up.bytes { answer.writeBuffer(&piece) }
        #expect(String(buffer: answer) == "after the other end")
        #expect(await pair.client.ending.kind == .closed)
    }
}
