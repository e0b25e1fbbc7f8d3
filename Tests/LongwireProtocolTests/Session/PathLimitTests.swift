import NIOCore
import Testing

@testable import LongwireProtocol

/// What a path through somebody else's network wants: bytes now and then, many at first, or a body of a declared length.
struct PathLimitTests {
    // R: C4
    @Test("A line that is kept alive carries bytes both ways before it is idle for too long, and no more than that")
    func keepAlive() {
        let pair = MachinePair.open()
        pair.client.keepAlive = .seconds(4)
        // What opening the session left to acknowledge.
        pair.wait(.milliseconds(600))
        pair.exchange()
        pair.clear()
        pair.wait(.seconds(3))
        pair.exchange()
        #expect(pair.said.isEmpty)
        for _ in 0..<3 {
            pair.clear()
            pair.wait(.seconds(4))
            pair.exchange()
            #expect(pair.said.contains { $0.hasPrefix("C1 PING") })
            #expect(pair.said.contains { $0.hasPrefix("S1 PONG") })
            pair.wait(.milliseconds(600))
            pair.exchange()
        }
        // Unanswered, it goes once in that time and not with every turn.
        pair.clear()
        pair.wait(.seconds(4))
        pair.exchange(down: false)
        pair.wait(.milliseconds(10))
        pair.exchange(down: false)
        #expect(pair.said.filter { $0.hasPrefix("C1 PING") }.count == 1)
    }

    @Test("Never more than the declared length is written, and the path is rotated before it is used up")
    func declaredLength() throws {
        var configuration = SessionConfiguration()
        configuration.greatestSize = 0
        let pair = MachinePair(configuration)
        let first = pair.client.openPath(.duplex, now: pair.now)
        let path = try #require(first)
        let length: UInt64 = 1024 * 1024
        pair.client.declareLength(Int(length), of: path)
        pair.exchange()
        var writtenAtRotation: UInt64?
        for _ in 0..<60 {
            _ = pair.client.offer(Message(ByteBuffer(repeating: 7, count: 60_000)))
            pair.wait(.milliseconds(30))
            pair.exchange()
            while pair.server.take(now: pair.now) != nil {}
            if writtenAtRotation == nil, pair.clientEvents.contains(.rotationDue(path)) {
                writtenAtRotation = pair.client.paths.all.first?.bytesWritten
            }
        }
        let left = try #require(writtenAtRotation)
        #expect(left >= length / 8 * 7 && left < length)
        // Nothing rotated it here: what is left over is for control frames, and data waits for another path.
        let written = try #require(pair.client.paths.all.first?.bytesWritten)
        #expect(written <= length)
        #expect(pair.client.outbox.retained > 0)
        let second = pair.client.openPath(.duplex, now: pair.now)
        let next = try #require(second)
        pair.exchange()
        for _ in 0..<20 {
            while pair.server.take(now: pair.now) != nil {}
            pair.wait(.milliseconds(30))
            pair.exchange()
        }
        #expect(pair.client.using == next)
        #expect(pair.client.outbox.retained == 0)
    }

    @Test("A prelude follows OPENED where the client asks for one, as PAD, and no greater than a frame")
    func prelude() throws {
        for (asked, expected) in [(0, 0), (4_096, 4_096), (1_000_000, 16 * 1024)] {
            let pair = MachinePair()
            let begun = pair.client.openPath(.duplex, now: pair.now)
            let path = try #require(begun)
            pair.client.askPrelude(asked, of: path)
            pair.exchange(down: false)
            let pulled = pair.pull(&pair.server, path)
            let answer = try #require(pulled)
            #expect(answer.readableBytes >= expected && answer.readableBytes < expected + 200)
            var decoder = FrameDecoder()
            decoder.append(answer)
            guard case .opened? = try decoder.next() else { Issue.record("no OPENED first"); return }
            while try decoder.next() != nil {}
            #expect(decoder.skippedFrames == (expected > 0 ? 1 : 0))
            #expect(!decoder.isInsideFrame)
        }
    }

    @Test("How long a line was silent without an answer is known when it ends, and what silence it outlived")
    func silences() {
        let pair = MachinePair.open()
        pair.wait(.milliseconds(600))
        pair.exchange()
        pair.wait(.seconds(6))
        _ = pair.client.offer(Message("there and back"))
        pair.exchange()
        pair.wait(.milliseconds(600))
        pair.exchange()
        pair.wait(.seconds(9))
        _ = pair.client.offer(Message("into nothing"))
        pair.exchange(down: false)
        pair.wait(.seconds(1))
        pair.client.pathLost(1, now: pair.now)
        #expect(pair.client.lastIdle.outlived == .seconds(6))
        #expect(pair.client.lastIdle.unanswered == .seconds(9))
    }
}
