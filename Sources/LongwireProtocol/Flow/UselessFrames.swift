internal import NIOCore

/// Frames that bring nothing, PING and acknowledgements of what is known: so many a second, and some at once.
struct UselessFrames {
    static let perSecond: Int64 = 100
    static let atOnce: Int64 = 1_000

    /// When as many may come at once again as ever.
    private var recoveredAt = NIODeadline.distantPast

    private static let cost = TimeAmount.nanoseconds(1_000_000_000 / perSecond)

    /// Counts one.
    ///
    /// - Returns: whether it was not one too many.
    mutating func take(now: NIODeadline) -> Bool {
        let next = max(recoveredAt, now) + Self.cost
        guard next - now <= Self.cost * Int(Self.atOnce) else { return false }
        recoveredAt = next
        return true
    }
}
