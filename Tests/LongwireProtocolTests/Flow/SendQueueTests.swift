import NIOCore
import Testing

@testable import LongwireProtocol

@Suite("SendQueue")
struct SendQueueTests {
    private func queue(capacity: Int = 100_000, limit: UInt64 = 1 << 40) -> SendQueue {
        SendQueue(capacity: capacity, limit: limit, checksum: false)
    }

    private func numbers(_ run: SendQueue.Run?) -> ClosedRange<UInt64>? { run.map { $0.first...$0.last } }

    private func message(_ size: Int) -> Message { Message(ByteBuffer(repeating: 7, count: size)) }

    @Test("Messages are numbered from 1 and go in one run")
    func numbering() {
        var queue = queue()
        for _ in 0..<3 { #expect(queue.offer(message(10)) == true) }
        #expect(numbers(queue.next(maxBytes: .max)) == 1...3)
        #expect(queue.next(maxBytes: .max) == nil)
        #expect(queue.hasUnsent == false)
    }

    @Test("A frame is kept until it is covered, within the buffer; then there is room again")
    func keeping() {
        var queue = queue(capacity: 1000)
        var taken = 0
        while queue.offer(message(100)) { taken += 1 }
        #expect(taken == 7)
        #expect(queue.retained == 7 * 164)
        _ = queue.next(maxBytes: .max)
        #expect(queue.hasRoom == false)
        #expect(queue.acknowledged(upTo: 2, limit: 0) == true)
        #expect(queue.retained == 5 * 164)
        #expect(queue.hasRoom == true)
    }

    @Test("Nothing goes beyond the credit; CLOSE is free")
    func credit() {
        var queue = queue(limit: 330)
        for _ in 0..<3 { _ = queue.offer(message(100)) }
        queue.close(code: .done, reason: "")
        #expect(numbers(queue.next(maxBytes: .max)) == 1...2)
        #expect(queue.hasSendable == false)
        #expect(queue.next(maxBytes: .max) == nil)
        #expect(queue.acknowledged(upTo: 2, limit: 3 * 164) == true)
        #expect(queue.hasSendable == true)
        #expect(numbers(queue.next(maxBytes: .max)) == 3...4)
        #expect(queue.isCloseSent == true)
    }

    @Test("Credit only grows")
    func creditGrows() {
        var queue = queue(limit: 330)
        for _ in 0..<2 { _ = queue.offer(message(100)) }
        _ = queue.next(maxBytes: 120)
        #expect(queue.acknowledged(upTo: 1, limit: 5) == true)
        #expect(numbers(queue.next(maxBytes: .max)) == 2...2)
    }

    @Test("More than was sent cannot be covered")
    func tooMuch() {
        var queue = queue()
        _ = queue.offer(message(1))
        #expect(queue.acknowledged(upTo: 1, limit: 0) == false)
        _ = queue.next(maxBytes: .max)
        #expect(queue.acknowledged(upTo: VarInt.maximum, limit: VarInt.maximum) == false)
        #expect(queue.acknowledged(upTo: 1, limit: VarInt.maximum) == true)
        #expect(queue.acknowledged(upTo: 0, limit: 0) == true)
        #expect(queue.covered == 1)
    }

    @Test("After a rewind all that is not covered goes again, byte for byte")
    func rewinding() {
        var queue = queue()
        for size in [10, 20, 30, 40] { _ = queue.offer(message(size)) }
        let first = queue.next(maxBytes: .max)
        _ = queue.offer(message(50))
        #expect(queue.acknowledged(upTo: 2, limit: 0) == true)
        queue.rewind()
        let again = queue.next(maxBytes: .max)
        #expect(numbers(again) == 3...4)
        #expect(numbers(queue.next(maxBytes: .max)) == 5...5)
        let whole = first.map { Array($0.bytes.readableBytesView) } ?? []
        let tail = again.map { Array($0.bytes.readableBytesView) } ?? []
        #expect(!tail.isEmpty && Array(whole.suffix(tail.count)) == tail)
    }

    @Test("Ranges go again lowest first, without what was covered meanwhile, before anything new")
    func repeating() {
        var queue = queue()
        for _ in 0..<9 { _ = queue.offer(message(10)) }
        #expect(numbers(queue.next(maxBytes: .max, maxFrames: 6)) == 1...6)
        queue.repeatRange(5...6)
        queue.repeatRange(1...3)
        #expect(queue.acknowledged(upTo: 1, limit: 0) == true)
        #expect(numbers(queue.next(maxBytes: .max)) == 2...3)
        #expect(numbers(queue.next(maxBytes: .max)) == 5...6)
        #expect(numbers(queue.next(maxBytes: .max)) == 7...9)
        queue.repeatRange(1...VarInt.maximum)
        #expect(numbers(queue.next(maxBytes: .max)) == 2...9)
    }

    @Test("A large message becomes fragments, numbered as there is room, and CLOSE waits behind it")
    func fragments() {
        var queue = queue(capacity: 20_000)
        #expect(queue.offer(message(50_000)) == true)
        queue.close(code: .done, reason: "bye")
        #expect(queue.offer(message(1)) == false)
        var frames: [UInt64] = []
        var total = 0
        while let run = queue.next(maxBytes: .max) {
            var decoder = FrameDecoder()
            decoder.append(run.bytes)
            while case .numbered(let frame) = (try? decoder.next()) ?? nil {
                frames.append(frame.number)
                switch frame.content {
                case .fragment(let bytes), .message(let bytes): total += bytes.readableBytes
                default: break
                }
            }
            #expect(queue.retained <= 20_000 + 16_448)
            #expect(queue.acknowledged(upTo: run.last, limit: 0) == true)
        }
        #expect(frames == [1, 2, 3, 4, 5])
        #expect(total == 50_000)
        #expect(queue.isCloseCovered == true)
    }

    @Test("No more than asked for goes, and while too much is under way, nothing")
    func bounds() {
        var queue = queue()
        for _ in 0..<10 { _ = queue.offer(message(100)) }
        #expect(queue.next(maxBytes: 50) == nil)
        #expect((queue.next(maxBytes: 250)?.bytes.readableBytes ?? 0) <= 250)
        #expect(numbers(queue.next(maxBytes: .max, inFlight: 5 * 164)) == 3...5)
        #expect(queue.next(maxBytes: .max, inFlight: 5 * 164) == nil)
    }

    @Test("What is on the wire is not copied when more is offered")
    func noCopyOnWrite() {
        var queue = queue()
        _ = queue.offer(message(1000))
        let run = queue.next(maxBytes: .max)
        let before = run.map { Array($0.bytes.readableBytesView) }
        _ = queue.offer(message(1000))
        #expect(run.map { Array($0.bytes.readableBytesView) } == before)
        #expect(numbers(queue.next(maxBytes: .max)) == 2...2)
    }
}
