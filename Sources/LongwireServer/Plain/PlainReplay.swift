internal import NIOCore

/// The events that a plain session's client may not have yet, for when it comes back.
struct PlainReplay {
    /// What is kept: this many events, or this many bytes of them.
    private static let eventLimit = 1_000
    private static let byteLimit = 256 * 1024
    /// The bytes where the server has little memory left.
    private static let leastBytes = 16 * 1024

    private var events = CircularBuffer<ByteBuffer>()
    /// What the events take.
    private(set) var bytes = 0
    /// The number of the last event.
    private(set) var last: UInt64 = 0

    /// Keeps the next event, and fewer of those before where memory is short.
    mutating func append(_ event: ByteBuffer, isShort: Bool = false) {
        let byteLimit = isShort ? Self.leastBytes : Self.byteLimit
        last += 1
        bytes += event.readableBytes
        events.append(event)
        while events.count > 1, events.count > Self.eventLimit || bytes > byteLimit {
            bytes -= events.removeFirst().readableBytes
        }
    }

    /// The events after number `seen`, and whether some of them are kept no more.
    func after(_ seen: UInt64) -> (events: [ByteBuffer], isGap: Bool) {
        let wanted = Int(clamping: last - min(seen, last))
        return (Array(events.suffix(wanted)), wanted > events.count)
    }
}
