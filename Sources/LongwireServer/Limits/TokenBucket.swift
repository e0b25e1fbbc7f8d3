internal import NIOCore

/// How much may still come at once: so many a second flow in, up to ten seconds' worth.
struct TokenBucket: Sendable {
    private var level: Double
    private var at: NIODeadline

    static let seconds = 10.0

    /// A full one.
    init(rate: Int, now: NIODeadline) {
        level = Double(rate) * Self.seconds
        at = now
    }

    /// What is in it.
    func level(rate: Int, now: NIODeadline) -> Double {
        min(Double(rate) * Self.seconds, level + Double((now - at).nanoseconds) / 1e9 * Double(rate))
    }

    /// Takes one out.
    ///
    /// - Returns: nil where there was one; else the whole seconds until there is.
    mutating func take(rate: Int, now: NIODeadline) -> Int? {
        let level = level(rate: rate, now: now)
        guard level >= 1 else { return max(1, Int(((1 - level) / Double(max(rate, 1))).rounded(.up))) }
        self.level = level - 1
        at = now
        return nil
    }
}
