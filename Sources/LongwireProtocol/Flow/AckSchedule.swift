internal import NIOCore

/// When an ACK is due (rule 9).
struct AckSchedule {
    static let urgentBytes: UInt64 = 32 * 1024
    static let urgentFrames = 32
    /// How many delays there are at least between two ACKs that wait and nothing rides with, how long that is at most,
    /// and of which part of a heartbeat.
    private static let distance = (delays: Int64(25), atMost: TimeAmount.milliseconds(500), ofHeartbeat: Int64(10))
    /// The least credit of either side with which they keep a distance: with less, 500 ms of silence hold somebody up.
    static let roomyBytes = 48 * 1024
    /// The least pieces of an allowance for it: so many that an ACK is due at once before they are used up.
    static let roomyPieces = urgentFrames + Allowance.reservedPieces + 4

    private let delay: TimeAmount
    private let window: UInt64
    @OneWord private(set) var dueAt: NIODeadline?
    /// Whether it is due then because it has waited.
    private var hasWaited = false
    /// How far apart they are, in milliseconds; 0 where they may not be rare.
    private var distance: UInt16 = 0
    private var bytes: UInt64 = 0
    private var frames = 0
    private var limitSaid: UInt64
    /// The last ACK that had waited, and nothing rode with.
    private var aloneAt = NIODeadline.distantPast

    /// - Parameter keepsDistance: whether ACKs that nothing rides with may be rare.
    init(delay: TimeAmount, window: Int, keepsDistance: Bool = true, heartbeat: TimeAmount) {
        self.delay = delay
        self.window = UInt64(max(window, 1))
        limitSaid = self.window
        guard keepsDistance else { return }
        let most = Self.distance.atMost.nanoseconds
        let wanted = min(delay.nanoseconds, most) * Self.distance.delays
        distance = UInt16(clamping: min(wanted, most) / 1_000_000)
        keepDistance(within: heartbeat)
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

    /// Something the other side is to know: after the delay, unless something rides with it before.
    ///
    /// For whoever is only listened to, each ACK is a write of its own, through everything on the way: they keep a
    /// distance.
    mutating func soon(_ now: NIODeadline) {
        guard dueAt == nil else { return }
        dueAt = distance > 0 ? max(now + delay, aloneAt + .milliseconds(Int64(distance))) : now + delay
        hasWaited = true
    }

    /// The other side waits for room within less than the usual: it is told what came as soon as it was.
    mutating func keepNoDistance() { distance = 0 }

    /// How long a line may be silent is found out in heartbeats: an ACK that comes late is no part of that.
    mutating func keepDistance(within heartbeat: TimeAmount) {
        distance = min(distance, UInt16(clamping: heartbeat.nanoseconds / Self.distance.ofHeartbeat / 1_000_000))
    }

    /// The other side is told at once.
    mutating func urgent(_ now: NIODeadline) {
        dueAt = min(dueAt ?? now, now)
        hasWaited = false
    }

    /// An ACK was written, at a time with nothing else, or with data.
    mutating func sent(limit: UInt64, alone: NIODeadline? = nil) {
        if let alone, hasWaited { aloneAt = alone }
        hasWaited = false
        dueAt = nil
        bytes = 0
        frames = 0
        limitSaid = max(limitSaid, limit)
    }

    /// Whether numbered frames came since the last ACK.
    var owesNumbers: Bool { frames > 0 }

    func isDue(_ now: NIODeadline) -> Bool { dueAt.map { $0 <= now } ?? false }
}
