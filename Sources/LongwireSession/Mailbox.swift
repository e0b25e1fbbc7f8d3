internal import LongwireProtocol
internal import NIOCore

/// Those who wait at a session: one consumer of messages, senders in their order, and whoever awaits the end.
struct Mailbox {
    private struct Sender {
        let message: Message
        let continuation: CheckedContinuation<Void, any Error>
        let id: UInt64
    }

    private var consumer: (continuation: CheckedContinuation<Message?, any Error>, id: UInt64)?
    private var senders = CircularBuffer<Sender>()
    private var awaitingEnd: [CheckedContinuation<SessionEnding, Never>] = []

    var isWaiting: Bool { consumer != nil }
    var firstSender: Message? { senders.first?.message }

    /// - Returns: false when another consumer waits already.
    mutating func wait(_ continuation: CheckedContinuation<Message?, any Error>, id: UInt64) -> Bool {
        guard consumer == nil else { return false }
        consumer = (continuation, id)
        return true
    }

    mutating func deliver(_ message: Message) {
        let waiting = consumer
        consumer = nil
        waiting?.continuation.resume(returning: message)
    }

    /// No more messages come: nil for a proper end.
    mutating func finish(_ error: SessionEnding?) {
        let waiting = consumer
        consumer = nil
        if let error {
            waiting?.continuation.resume(throwing: error)
        } else {
            waiting?.continuation.resume(returning: nil)
        }
    }

    mutating func wait(_ message: Message, _ continuation: CheckedContinuation<Void, any Error>, id: UInt64) {
        senders.append(Sender(message: message, continuation: continuation, id: id))
    }

    /// The first sender's message was taken.
    mutating func sent() { senders.popFirst()?.continuation.resume() }

    mutating func failSenders(_ error: any Error) {
        while let sender = senders.popFirst() { sender.continuation.resume(throwing: error) }
    }

    /// The task of a consumer or sender was cancelled.
    mutating func cancel(_ id: UInt64) {
        if let waiting = consumer, waiting.id == id {
            consumer = nil
            waiting.continuation.resume(throwing: CancellationError())
        }
        if let index = senders.firstIndex(where: { $0.id == id }) {
            senders.remove(at: index).continuation.resume(throwing: CancellationError())
        }
    }

    mutating func awaitEnd(_ continuation: CheckedContinuation<SessionEnding, Never>) {
        awaitingEnd.append(continuation)
    }

    mutating func end(_ ending: SessionEnding) {
        for waiting in awaitingEnd { waiting.resume(returning: ending) }
        awaitingEnd = []
    }
}
