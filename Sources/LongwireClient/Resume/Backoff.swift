internal import NIOCore

/// When to try again: at once, then after ever longer times with full jitter (Docs/protocol.md, "Choosing").
struct Backoff {
    private static let base = TimeAmount.milliseconds(100)
    private let cap: TimeAmount
    private var attempts = 0

    /// - Parameter resumeTime: how long the session lives without a line; a wait is at most a quarter of it.
    init(resumeTime: TimeAmount) { cap = .nanoseconds(max(resumeTime.nanoseconds / 4, 1_000_000)) }

    mutating func next() -> TimeAmount {
        defer { attempts += 1 }
        guard attempts > 0 else { return .zero }
        let ceiling = min(Self.base * (1 << min(attempts - 1, 20)), cap)
        return .nanoseconds(Int64.random(in: 0...ceiling.nanoseconds))
    }
}
