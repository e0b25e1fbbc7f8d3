internal import NIOCore

/// The smoothed round trip, and the rate at which what is sent is acknowledged (rule 11).
struct RoundTrip {
    @OneWord private(set) var smoothed: TimeAmount?
    /// The shortest on this path: the others hold the time that what is sent waits in queues on the way.
    @OneWord private var least: TimeAmount?
    /// The greatest of the last few rates, in bytes of credit a second: of those since the last four, and of these.
    private var rates: (latest: UInt64, before: UInt64) = (0, 0)
    /// What went out and is not covered; of number 0 where nothing is.
    private var sample = (number: UInt64(0), sentAt: NIODeadline.distantPast, costCovered: UInt64(0))
    private var rateCount: UInt8 = 0

    /// The acknowledged rate, in bytes of credit a second.
    var rate: UInt64 { max(rates.latest, rates.before) }

    /// Frames up to `number` went out.
    mutating func sent(_ number: UInt64, costCovered: UInt64, now: NIODeadline) {
        if sample.number == 0 { sample = (number, now, costCovered) }
    }

    /// Frames up to `number` are covered.
    mutating func covered(_ number: UInt64, costCovered: UInt64, now: NIODeadline) {
        guard sample.number > 0, sample.number <= number else { return }
        let sample = sample
        self.sample.number = 0
        let elapsed = max(now - sample.sentAt, .microseconds(1))
        measured(elapsed)
        let delivered = costCovered - sample.costCovered
        let (scaled, overflow) = delivered.multipliedReportingOverflow(by: 1_000_000_000)
        rates.latest = max(rates.latest, overflow ? .max / 4 : scaled / UInt64(elapsed.nanoseconds))
        rateCount += 1
        guard rateCount == 4 else { return }
        rates = (0, rates.latest)
        rateCount = 0
    }

    /// A round trip was measured otherwise, by a PING.
    mutating func measured(_ elapsed: TimeAmount) {
        least = min(least ?? elapsed, elapsed)
        guard let old = smoothed else {
            smoothed = elapsed
            return
        }
        smoothed = .nanoseconds((old.nanoseconds * 7 + elapsed.nanoseconds) / 8)
    }

    /// What was in flight goes again, perhaps on another path: its acknowledgement measures nothing.
    mutating func repeated() { sample.number = 0 }

    /// Another path carries what follows.
    mutating func pathChanged() {
        repeated()
        least = nil
    }

    /// What may be sent and not covered, in bytes of credit: what the line takes in the shortest round trip and half a
    /// second.
    ///
    /// With the smoothed one it would grow by what it makes wait, and control frames behind it.
    func inFlightLimit(window: UInt64) -> UInt64 {
        let least: UInt64 = 32 * 1024
        let horizon = (self.least ?? .zero) + .milliseconds(500)
        let (product, overflow) = rate.multipliedReportingOverflow(
            by: UInt64(clamping: horizon.nanoseconds / 1_000_000))
        return max(least, min(window, overflow ? .max : product / 1000))
    }
}
