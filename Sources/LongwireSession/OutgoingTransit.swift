internal import LongwireProtocol
internal import NIOCore
internal import NIOConcurrencyHelpers

/// Messages on their way from other threads to the session's event loop: one hop for many, bounded.
///
/// This is the one place where a lock stands between an application's thread and the loop; the session's own state is
/// never behind it.
final class OutgoingTransit: Sendable {
    private static let messageLimit = 64
    private static let byteLimit = 64 * 1024

    private struct Sender {
        let message: Message
        let continuation: CheckedContinuation<Void, any Error>
        let id: UInt64
    }

    /// Most sessions of servlets that stay on the loop never need it: memory is taken with the first message.
    private struct State {
        var messages: [Message] = []
        var bytes = 0
        var senders: [Sender] = []
        /// Whether the loop has been asked, or will come by itself when there is room.
        var isExpected = false
        var error: (any Error)?

        var hasRoom: Bool { messages.count < messageLimit && bytes < byteLimit }

        mutating func append(_ message: Message) {
            messages.append(message)
            bytes += message.payload.readableBytes
        }
    }

    enum Outcome {
        /// Taken; the loop must be asked to come.
        case takenFirst
        case taken
        case full
    }

    private let state = NIOLockedValueBox(State())

    /// Takes a message if there is room.
    func offer(_ message: Message) throws -> Outcome {
        try state.withLockedValue { state in
            if let error = state.error { throw error }
            guard state.hasRoom, state.senders.isEmpty else { return .full }
            state.append(message)
            defer { state.isExpected = true }
            return state.isExpected ? .taken : .takenFirst
        }
    }

    /// Keeps a sender waiting for room, or takes its message after all.
    ///
    /// - Returns: whether the loop must be asked to come.
    func wait(_ message: Message, _ continuation: CheckedContinuation<Void, any Error>, id: UInt64) -> Bool {
        let (failure, isTaken, asks) = state.withLockedValue { state -> ((any Error)?, Bool, Bool) in
            if let error = state.error { return (error, false, false) }
            let asks = !state.isExpected
            state.isExpected = true
            guard state.hasRoom, state.senders.isEmpty else {
                state.senders.append(Sender(message: message, continuation: continuation, id: id))
                return (nil, false, asks)
            }
            state.append(message)
            return (nil, true, asks)
        }
        if let failure { continuation.resume(throwing: failure) } else if isTaken { continuation.resume() }
        return asks
    }

    /// The task of a waiting sender was cancelled.
    func cancel(_ id: UInt64) {
        let sender = state.withLockedValue { state in
            state.senders.firstIndex { $0.id == id }.map { state.senders.remove(at: $0) }
        }
        sender?.continuation.resume(throwing: CancellationError())
    }

    /// Whether nothing is on its way.
    var isEmpty: Bool { state.withLockedValue { $0.messages.isEmpty } }

    /// On the loop: hands messages to `take` until there are none, or it refuses one.
    func drain(_ take: (Message) -> Bool) {
        while true {
            let message = state.withLockedValue { state in
                if state.messages.isEmpty { state.isExpected = false }
                return state.messages.first
            }
            guard let message, take(message) else { return }
            let resumed = state.withLockedValue { state -> [CheckedContinuation<Void, any Error>] in
                // The end of the session may have emptied it meanwhile.
                if !state.messages.isEmpty {
                    state.bytes -= state.messages.removeFirst().payload.readableBytes
                }
                var resumed: [CheckedContinuation<Void, any Error>] = []
                while state.hasRoom, let sender = state.senders.first {
                    state.senders.removeFirst()
                    state.append(sender.message)
                    resumed.append(sender.continuation)
                }
                return resumed
            }
            for continuation in resumed { continuation.resume() }
        }
    }

    /// No more messages are taken; waiting senders are told why.
    ///
    /// - Parameter ending: makes what they are told from how many messages were on their way.
    /// - Returns: what they are told.
    func end<Ending: Error>(_ ending: (Int) -> Ending) -> Ending {
        let (error, senders) = state.withLockedValue { state in
            defer {
                state.messages.removeAll()
                state.senders.removeAll()
            }
            let error = ending(state.messages.count)
            state.error = error
            return (error, state.senders)
        }
        for sender in senders { sender.continuation.resume(throwing: error) }
        return error
    }

    /// This side has closed and takes back what is on its way: none of it was begun.
    func withdraw(_ error: any Error) -> [Message] {
        let (messages, senders) = state.withLockedValue { state in
            state.error = error
            defer {
                state.messages.removeAll()
                state.bytes = 0
                state.senders.removeAll()
            }
            return (Array(state.messages), state.senders)
        }
        for sender in senders { sender.continuation.resume(throwing: error) }
        return messages
    }

    /// This side has closed: who sends now is told, what is on its way still goes.
    func close(_ error: any Error) {
        let senders = state.withLockedValue { state in
            state.error = error
            defer { state.senders.removeAll() }
            return state.senders
        }
        for sender in senders { sender.continuation.resume(throwing: error) }
    }
}
