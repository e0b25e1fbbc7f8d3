internal import LongwireProtocol
internal import NIOCore
internal import NIOConcurrencyHelpers

/// Messages that were taken from the session for a consumer on another thread: one hop for many, bounded.
final class IncomingTransit: Sendable {
    private static let messageLimit = 64
    private static let byteLimit = 64 * 1024

    private let messages = NIOLockedValueBox(CircularBuffer<Message>?.none)

    func pop() -> Message? { messages.withLockedValue { $0?.popFirst() } }

    /// On the loop: fills up from `take` until it returns nil.
    ///
    /// - Returns: whether anything is on its way now.
    func fill(_ take: () -> Message?) -> Bool {
        var bytes = 0
        var taken: [Message] = []
        while taken.count < Self.messageLimit, bytes < Self.byteLimit, let message = take() {
            taken.append(message)
            bytes += message.payload.readableBytes
        }
        guard !taken.isEmpty else { return false }
        messages.withLockedValue { messages in
            if messages == nil { messages = CircularBuffer(initialCapacity: taken.count) }
            messages?.append(contentsOf: taken)
        }
        return true
    }
}
