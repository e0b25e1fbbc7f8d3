public import LongwireProtocol
internal import NIOCore

/// The messages of a session, in order; see ``Session/messages``.
public struct SessionMessages: AsyncSequence, Sendable {
    /// What arrives.
    public typealias Element = Message
    let session: Session

    /// Begins, or goes on, to take messages.
    public func makeAsyncIterator() -> Iterator { Iterator(session: session) }

    /// Takes one message after the other.
    public struct Iterator: AsyncIteratorProtocol {
        let session: Session

        /// The next message, or nil after the other side's CLOSE.
        ///
        /// - Throws: ``SessionEnding`` when the session is lost or aborted, `CancellationError` when cancelled.
        public mutating func next() async throws -> Message? {
            if let message = waiting { return message }
            return try await wait()
        }

        /// The same, without a hop from the caller's actor.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> Message? {
            if let message = waiting { return message }
            return try await wait()
        }

        /// What has arrived already.
        private var waiting: Message? {
            if session.eventLoop.inEventLoop {
                session.core.value.takeHere(session)
            } else {
                session.transits.incomingIfUsed?.pop()
            }
        }

        private func wait() async throws -> Message? {
            let id = WaiterID.next()
            return try await withTaskCancellationHandler {
                // Unchecked, as checking takes memory for every message; the mailbox resumes each once.
                try await withUnsafeThrowingContinuation { continuation in
                    if session.eventLoop.inEventLoop {
                        session.core.value.next(continuation, id: id, remote: nil)
                    } else {
                        session.onLoop { [session] in $0.next(continuation, id: id, remote: session) }
                    }
                    // Cancelled before it waited, there was nobody to wake.
                    if Task.isCancelled { session.onLoop { $0.mailbox.cancel(id) } }
                }
            } onCancel: { [session] in
                session.onLoop { $0.mailbox.cancel(id) }
            }
        }
    }
}

/// Two tasks took messages of one session at the same time.
public struct MessagesHaveOneConsumer: Error, Sendable, CustomStringConvertible {
    /// A sentence for people.
    public var description: String { "another task is already waiting for this session's messages" }
}

extension SessionCore {
    /// - Parameter remote: the session, where the consumer is on another thread.
    func next(_ continuation: UnsafeContinuation<Message?, any Error>, id: UInt64, remote: Session?) {
        if let message = take() {
            // A consumer on another thread gets what waits with one hop.
            if let remote, remote.transits.incoming.fill({ take() }) { mayHaveTransit = true }
            return continuation.resume(returning: message)
        }
        if let ending, ending.kind != .closed { return continuation.resume(throwing: ending) }
        if ending != nil || machine.isPeerClosed { return continuation.resume(returning: nil) }
        if !mailbox.wait(continuation, id: id) { continuation.resume(throwing: MessagesHaveOneConsumer()) }
    }
}
