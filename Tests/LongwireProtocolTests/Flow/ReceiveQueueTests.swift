import NIOCore
import Testing

@testable import LongwireProtocol

@Suite("ReceiveQueue")
struct ReceiveQueueTests {
    private func message(_ number: UInt64, _ text: String) -> NumberedFrame {
        NumberedFrame(number: number, content: .message(ByteBuffer(string: text)))
    }
    private func fragment(_ number: UInt64, _ text: String) -> NumberedFrame {
        NumberedFrame(number: number, content: .fragment(ByteBuffer(string: text)))
    }
    private func close(_ number: UInt64) -> NumberedFrame {
        NumberedFrame(number: number, content: .close(.done, reason: ""))
    }
    private func queue(window: Int = 10_000, messageLimit: Int = 1000) -> ReceiveQueue {
        ReceiveQueue(window: window, messageLimit: messageLimit)
    }
    private func texts(_ queue: inout ReceiveQueue) throws -> [String] {
        var texts: [String] = []
        while let message = try queue.take() { texts.append(message.text) }
        return texts
    }

    // R: D11, B4
    @Test("Delivers once and in order, whatever comes twice or swapped")
    func order() throws {
        var queue = queue()
        for number in [2, 1, 1, 3, 2, 5, 5, 4, 1] as [UInt64] { _ = try queue.receive(message(number, "\(number)")) }
        #expect(try texts(&queue) == ["1", "2", "3", "4", "5"])
        #expect(queue.received == 5)
    }

    @Test("Credit comes back when a message is taken")
    func creditReturns() throws {
        var queue = queue(window: 1000)
        _ = try queue.receive(message(1, "12345"))
        #expect(queue.limit == 1000)
        _ = try queue.take()
        #expect(queue.limit == 1069)
    }

    @Test("A fragment's credit comes back when it joins, which waits until every earlier message was taken")
    func fragmentCredit() throws {
        var queue = queue(window: 1000)
        _ = try queue.receive(message(1, "m"))
        _ = try queue.receive(fragment(2, "abc"))
        #expect(queue.limit == 1000)
        #expect(try queue.take()?.text == "m")
        #expect(queue.limit == 1000 + 65 + 67)
        _ = try queue.receive(fragment(3, "def"))
        #expect(queue.limit == 1000 + 65 + 67 + 67)
        #expect(queue.hasMessage == false)
        _ = try queue.receive(message(4, "ghi"))
        #expect(try queue.take()?.text == "abcdefghi")
    }

    @Test("Refuses what goes beyond the credit, also out of order, counting the missing")
    func beyondCredit() throws {
        var queue = queue(window: 200)
        #expect(throws: ReceiveQueue.Violation.beyondCredit) {
            try queue.receive(message(1, String(repeating: "x", count: 137)))
        }
        #expect(throws: ReceiveQueue.Violation.beyondCredit) { try queue.receive(message(4, "x")) }
        #expect(throws: ReceiveQueue.Violation.beyondCredit) { try queue.receive(message(VarInt.maximum, "x")) }
        _ = try queue.receive(message(3, "x"))
        #expect(throws: ReceiveQueue.Violation.beyondCredit) { try queue.receive(message(2, "yyyyyyyyyyy")) }
    }

    @Test("A message's size is bounded while it is put together")
    func messageLimit() throws {
        var queue = queue(messageLimit: 5)
        _ = try queue.receive(fragment(1, "abcd"))
        #expect(throws: ReceiveQueue.Violation.messageTooLarge(limit: 5)) { try queue.receive(fragment(2, "ef")) }
        var second = self.queue(messageLimit: 5)
        _ = try second.receive(message(1, "abcdef"))
        #expect(throws: ReceiveQueue.Violation.messageTooLarge(limit: 5)) { try second.take() }
    }

    @Test("CLOSE discards the unfinished message and nothing else")
    func closeDiscards() throws {
        var queue = queue()
        _ = try queue.receive(fragment(1, "unfinished"))
        _ = try queue.receive(close(2))
        #expect(try texts(&queue) == [])
        #expect(queue.close?.code == .done)

        var second = self.queue()
        _ = try second.receive(fragment(1, "joined "))
        _ = try second.receive(message(2, "and waiting"))
        _ = try second.receive(fragment(3, "unfinished"))
        _ = try second.receive(close(4))
        #expect(try texts(&second) == ["joined and waiting"])
    }

    @Test("Nothing comes after CLOSE")
    func afterClose() throws {
        var queue = queue()
        _ = try queue.receive(close(1))
        #expect(throws: ReceiveQueue.Violation.afterClose) { try queue.receive(message(2, "x")) }
        #expect(try queue.receive(close(1)) == false)
    }

    @Test("Text must be UTF-8 as a whole, not in each fragment")
    func text() throws {
        let bytes = Array("ä".utf8)
        var queue = queue()
        _ = try queue.receive(NumberedFrame(number: 1, content: .fragment(ByteBuffer(bytes: [bytes[0]]))))
        _ = try queue.receive(NumberedFrame(number: 2, content: .text(ByteBuffer(bytes: [bytes[1]]))))
        #expect(try queue.take() == Message("ä"))
        _ = try queue.receive(NumberedFrame(number: 3, content: .text(ByteBuffer(bytes: [bytes[0]]))))
        #expect(throws: ReceiveQueue.Violation.textNotUTF8) { try queue.take() }
    }

    @Test("What is discarded gives its credit back and is acknowledged")
    func discarding() throws {
        var queue = queue(window: 200)
        _ = try queue.receive(message(1, "a"))
        queue.discard()
        #expect(queue.limit == 265)
        for number in 2...9 { _ = try queue.receive(message(UInt64(number), "b")) }
        #expect(queue.received == 9)
        #expect(try queue.take() == nil)
    }

    @Test("A small payload that waits beyond a read pins no read buffer")
    func copying() throws {
        var queue = queue()
        var read = ByteBuffer(repeating: 1, count: 9000)
        let slice = read.readSlice(length: 10) ?? ByteBuffer()
        _ = try queue.receive(NumberedFrame(number: 1, content: .message(slice)))
        queue.readCompleted()
        #expect((try queue.take()?.payload.storageCapacity ?? .max) < 1000)
    }

    @Test("Of frames that cost nothing, no more than one waits for what is missing")
    func closeOutOfOrder() throws {
        var queue = queue()
        _ = try queue.receive(close(5))
        _ = try queue.receive(close(5))
        #expect(throws: ReceiveQueue.Violation.afterClose) { try queue.receive(close(6)) }
        #expect(throws: ReceiveQueue.Violation.afterClose) { try queue.receive(message(7, "x")) }
        #expect(throws: ReceiveQueue.Violation.afterClose) { try queue.receive(close(3)) }
        for number in [3, 1, 4, 2] as [UInt64] { _ = try queue.receive(message(number, "\(number)")) }
        #expect(try texts(&queue) == ["1", "2", "3", "4"])
        #expect(queue.received == 5)
    }
}
