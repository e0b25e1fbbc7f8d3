import LongwireProtocol
import LongwireSession
import NIOCore
import NIOPosix
import NIOConcurrencyHelpers
import Testing

/// What `send`, `offer` and their cancellation promise.
@Suite(.timeLimit(.minutes(1))) struct SessionSendTests {
    private static let loop = MultiThreadedEventLoopGroup.singleton
    private static func small() -> SessionConfiguration {
        var configuration = SessionConfiguration()
        configuration.receiveWindow = 32 * 1024
        configuration.sendBuffer = 32 * 1024
        return configuration
    }

    /// Fills everything on the way to a side that does not read, and leaves senders that wait.
    private func filled(_ pair: MemoryPair, sent: Counter, senders: Int) async throws -> [Task<Void, any Error>] {
        let tasks = (0..<senders).map { index in
            Task {
                try await pair.client.send(Message("\(index) " + String(repeating: "x", count: 4000)))
                sent.add()
            }
        }
        try await until { await pair.client.status.unacknowledged > 28 * 1024 }
        return tasks
    }

    // R: D3
    @Test func sendSuspendsWhileTheBufferIsFullAndLosesNothing() async throws {
        let pair = try await MemoryPair(on: Self.loop.next(), client: Self.small(), server: Self.small())
        let sent = Counter()
        let tasks = try await filled(pair, sent: sent, senders: 300)
        // Window, send buffer and what is on its way between threads: less than half of all.
        #expect(sent.value < 150)
        // The last message may go beyond the buffer's end.
        #expect(await pair.client.status.unacknowledged <= 37 * 1024)
        var texts = Set<String>()
        var messages = pair.server.messages.makeAsyncIterator()
        while texts.count < 300, let message = try await messages.next() {
            texts.insert(String(message.text.prefix { $0 != " " }))
        }
        #expect(texts == Set((0..<300).map { "\($0)" }))
        for task in tasks { try await task.value }
    }

    @Test func aCancelledSendThatWaitedWasNotSent() async throws {
        let pair = try await MemoryPair(on: Self.loop.next(), client: Self.small(), server: Self.small())
        let sent = Counter()
        let tasks = try await filled(pair, sent: sent, senders: 300)
        for task in tasks { task.cancel() }
        var cancelled = Set<String>()
        for (index, task) in tasks.enumerated() {
            do { try await task.value } catch is CancellationError { cancelled.insert("\(index)") }
        }
        #expect(!cancelled.isEmpty)
        #expect(sent.value == 300 - cancelled.count)
        pair.client.beginClose()
        var arrived = Set<String>()
        for try await message in pair.server.messages { arrived.insert(String(message.text.prefix { $0 != " " })) }
        #expect(arrived.isDisjoint(with: cancelled))
        #expect(arrived.count == sent.value)
    }

    @Test func aTaskThatIsCancelledAlreadyDoesNotWait() async throws {
        let pair = try await MemoryPair(on: Self.loop.next(), client: Self.small(), server: Self.small())
        let tasks = try await filled(pair, sent: Counter(), senders: 300)
        let late = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await pair.client.send("too late")
        }
        await #expect(throws: CancellationError.self) { try await late.value }
        for task in tasks { task.cancel() }
    }

    @Test func offerSaysWhetherThereIsRoomAndNeverWaits() async throws {
        let pair = try await MemoryPair(on: Self.loop.next(), client: Self.small(), server: Self.small())
        let client = pair.client
        let taken = try await pair.onLoop { _ in
            (0..<100).count { _ in client.offer(Message(String(repeating: "x", count: 1000))) }
        }
        #expect(taken > 25 && taken < 40, "\(taken)")
        var messages = pair.server.messages.makeAsyncIterator()
        for _ in 0..<taken { #expect(try await messages.next() != nil) }
        try await until { try await pair.onLoop { _ in client.offer(Message("again")) } }
        #expect(try await messages.next()?.text == "again")
    }

    // R: D2
    @Test func whatIsOfferedInOneTurnOfTheLoopIsOneWriteAndOneFlush() async throws {
        let pair = try await MemoryPair(on: Self.loop.next())
        let client = pair.client
        let before = try await pair.onLoop { line in
            (0..<50).forEach { _ = client.offer(Message("\($0)")) }
            return (line.client?.writes ?? 0, line.client?.flushes ?? 0)
        }
        var messages = pair.server.messages.makeAsyncIterator()
        for number in 0..<50 { #expect(try await messages.next()?.text == "\(number)") }
        let after = try await pair.onLoop { ($0.client?.writes ?? 0, $0.client?.flushes ?? 0) }
        #expect(after.0 - before.0 == 1 && after.1 - before.1 == 1, "\(before) \(after)")
    }

    @Test func eachTaskKeepsItsOrderAndNothingIsLostBetweenThreads() async throws {
        let pair = try await MemoryPair(on: Self.loop.next(), client: Self.small(), server: Self.small())
        let (tasks, each) = (8, 500)
        async let sending: Void = withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask { for number in 0..<each { try await pair.client.send("\(task) \(number)") } }
            }
            try await group.waitForAll()
            pair.client.beginClose()
        }
        var next = [Int](repeating: 0, count: tasks)
        for try await message in pair.server.messages {
            let parts = message.text.split(separator: " ").compactMap { Int($0) }
            #expect(next[parts[0]] == parts[1])
            next[parts[0]] += 1
        }
        try await sending
        #expect(next == [Int](repeating: each, count: tasks))
    }

    @Test func theKindAndAnEmptyPayloadArrive() async throws {
        let pair = try await MemoryPair(on: Self.loop.next())
        let all = [Message(""), Message(ByteBuffer()), Message("ä"), Message(ByteBuffer(bytes: [0xff, 0]))]
        for message in all { try await pair.client.send(message) }
        var messages = pair.server.messages.makeAsyncIterator()
        for message in all { #expect(try await messages.next() == message) }
    }
}

/// Counts from many tasks.
final class Counter: Sendable {
    private let count = NIOLockedValueBox(0)
    var value: Int { count.withLockedValue { $0 } }
    func add() { count.withLockedValue { $0 += 1 } }
}

/// Yields until `condition` is true; the suite's time limit bounds it.
func until(_ condition: () async throws -> Bool) async throws {
    while try await !condition() {
        try Task.checkCancellation()
        await Task.yield()
    }
}
