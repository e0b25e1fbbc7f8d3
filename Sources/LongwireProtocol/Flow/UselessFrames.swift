internal import NIOCore

/// Frames that bring nothing, PING and acknowledgements of what is known: so many a second, and some at once.
struct UselessFrames {
    static let perSecond: Int64 = 100
    static let atOnce: Int64 = 1_000

    /// What may still come, in nanoseconds of the rate, at ``at``.
    private var credit: Int64 = atOnce * cost
    @OneWord private var at: NIODeadline?

    private static let cost: Int64 = 1_000_000_000 / perSecond

    /// Counts one.
    ///
    /// - Returns: whether it was not one too many.
    mutating func take(now: NIODeadline) -> Bool {
        let passed = at.map { max((now - $0).nanoseconds, 0) } ?? 0
        at = now
        let (sum, isOver) = credit.addingReportingOverflow(passed)
        credit = min(isOver ? .max : sum, Self.atOnce * Self.cost)
        guard credit >= Self.cost else { return false }
        credit -= Self.cost
        return true
    }
}
