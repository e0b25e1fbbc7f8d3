internal import LongwireProtocol

/// Those who wait at a session on its event loop: one consumer of messages, and whoever awaits the end.
struct Mailbox {
    private var consumer: (continuation: UnsafeContinuation<Message?, any Error>, id: UInt64)? {
        didSet { isWaiting = consumer != nil }
    }
    /// Whether a consumer waits; asked for in every turn.
    private(set) var isWaiting = false
    private var waiting: [Waiting] = []

    private enum Waiting {
        case end(CheckedContinuation<SessionEnding, Never>)
        case close(CheckedContinuation<Void, Never>)
    }

    /// - Returns: false when another consumer waits already.
    mutating func wait(_ continuation: UnsafeContinuation<Message?, any Error>, id: UInt64) -> Bool {
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

    /// The task of the consumer was cancelled.
    mutating func cancel(_ id: UInt64) {
        if let waiting = consumer, waiting.id == id {
            consumer = nil
            waiting.continuation.resume(throwing: CancellationError())
        }
    }

    mutating func awaitEnd(_ continuation: CheckedContinuation<SessionEnding, Never>) {
        waiting.append(.end(continuation))
    }

    mutating func awaitClose(_ continuation: CheckedContinuation<Void, Never>) { waiting.append(.close(continuation)) }

    /// The other side closed, or the session is over.
    mutating func peerClosed() {
        waiting.removeAll { waiting in
            guard case .close(let continuation) = waiting else { return false }
            continuation.resume()
            return true
        }
    }

    mutating func end(_ ending: SessionEnding) {
        waiting.removeAll { waiting in
            guard case .end(let continuation) = waiting else { return false }
            continuation.resume(returning: ending)
            return true
        }
    }
}
