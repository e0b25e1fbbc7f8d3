internal import NIOConcurrencyHelpers
internal import NIOCore

/// How often an address may fail to be let in before it is only told to wait: a bucket of failures for each.
///
/// Only failures are counted and only they are refused: who shares an address with a guesser is let in all the same.
/// Guessing gains nothing, for what is guessed has 256 bits; this bounds what it costs, in logs and in answers.
final class FailureLimiter: Sendable {
    private struct Bucket {
        var level: Double
        var at: NIODeadline
    }

    /// Failures at once, and how many come back a second.
    private let burst: Double
    private let perSecond: Double
    /// The most addresses that are remembered.
    private let capacity: Int
    private let buckets = NIOLockedValueBox<[String: Bucket]>([:])

    init(burst: Int = 10, perMinute: Int = 10, capacity: Int = 10_000) {
        self.burst = Double(burst)
        perSecond = Double(perMinute) / 60
        self.capacity = capacity
    }

    var count: Int { buckets.withLockedValue { $0.count } }

    /// Counts a failure.
    ///
    /// - Returns: whether it may be answered as what it is; else nothing is told but to wait.
    func mayFail(_ address: String?, now: NIODeadline) -> Bool {
        buckets.withLockedValue { buckets in
            let key = Self.key(address)
            if buckets[key] == nil, buckets.count >= capacity { forget(&buckets, now: now) }
            let level = buckets[key].map { self.level($0, now: now) } ?? burst
            buckets[key] = Bucket(level: max(level - 1, 0), at: now)
            return level >= 1
        }
    }

    private func level(_ bucket: Bucket, now: NIODeadline) -> Double {
        min(burst, bucket.level + Double((now - bucket.at).nanoseconds) / 1e9 * perSecond)
    }

    /// Makes room: those that are full again first, and then half of the others, whichever they are.
    ///
    /// For many at a time: to look at all of them for each would be what a guesser with many addresses wants.
    private func forget(_ buckets: inout [String: Bucket], now: NIODeadline) {
        buckets = buckets.filter { level($0.value, now: now) < burst }
        guard buckets.count > capacity / 4 * 3 else { return }
        for key in buckets.keys.prefix(capacity / 2) { buckets[key] = nil }
    }

    /// Who has one address of IPv6 has the other 2⁶⁴ of its network too.
    private static func key(_ address: String?) -> String {
        guard let address, address.contains(":") else { return address ?? "" }
        let groups = address.split(separator: ":", omittingEmptySubsequences: false)
        // Before "::" stand all groups that are not zero.
        return groups.prefix(4).prefix { !$0.isEmpty }.joined(separator: ":") + "::"
    }
}
