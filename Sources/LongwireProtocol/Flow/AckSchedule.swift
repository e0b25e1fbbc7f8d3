internal import NIOCore

/// When an ACK is due (rule 9).
struct AckSchedule {
    static let urgentBytes: UInt64 = 32 * 1024
    static let urgentFrames = 16

    private let delay: TimeAmount
    private let window: UInt64
    private(set) var dueAt: NIODeadline?
    private var bytes: UInt64 = 0
    private var frames = 0
    private var limitSaid: UInt64

    init(delay: TimeAmount, window: Int) {
        self.delay = delay
        self.window = UInt64(max(window, 1))
        limitSaid = self.window
    }

    mutating func numberedFrame(cost: UInt64, now: NIODeadline) {
        bytes += cost
        frames += 1
        if bytes >= Self.urgentBytes || frames >= Self.urgentFrames { urgent(now) } else { soon(now) }
    }

    mutating func creditReturned(limit: UInt64, now: @autoclosure () -> NIODeadline) {
        guard limit > limitSaid else { return }
        if limit - limitSaid >= window / 4 { urgent(now()) } else if dueAt == nil { soon(now()) }
    }

    /// Something the other side waits for: it is told within the delay.
    mutating func soon(_ now: NIODeadline) { if dueAt == nil { dueAt = now + delay } }

    /// The other side is told at once.
    mutating func urgent(_ now: NIODeadline) { dueAt = min(dueAt ?? now, now) }

    /// An ACK was written.
    mutating func sent(limit: UInt64) {
        dueAt = nil
        bytes = 0
        frames = 0
        limitSaid = max(limitSaid, limit)
    }

    func isDue(_ now: NIODeadline) -> Bool { dueAt.map { $0 <= now } ?? false }
}
