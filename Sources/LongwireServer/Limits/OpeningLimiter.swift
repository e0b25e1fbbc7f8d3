internal import NIOCore

/// Who has how many sessions, and how fast they open: pure rules, without a clock.
struct OpeningLimiter: Sendable {
    private var addresses: [String: Int] = [:]
    private var principals: [String: Int] = [:]
    private var all: TokenBucket?
    private var buckets: [String: TokenBucket] = [:]
    /// The most addresses whose openings are remembered.
    static let capacity = 10_000

    /// Decides about one more session, and counts its opening where it may open.
    ///
    /// - Parameter count: the sessions there are.
    mutating func open(
        address: String?, principal: String?, count: Int, maximum: Int, limits: SessionLimits, now: NIODeadline
    ) -> LimitRefusal? {
        guard count < maximum else {
            return LimitRefusal(reason: "the limit of \(maximum) sessions is reached", isOwn: false, retryAfter: 5)
        }
        if let address, limits.perAddress > 0, addresses[address, default: 0] >= limits.perAddress {
            return LimitRefusal(
                reason: "the limit of \(limits.perAddress) sessions of one address is reached", isOwn: true,
                retryAfter: 5)
        }
        if let principal, limits.perPrincipal > 0, principals[principal, default: 0] >= limits.perPrincipal {
            return LimitRefusal(
                reason: "the limit of \(limits.perPrincipal) sessions of one user is reached", isOwn: true,
                retryAfter: 5)
        }
        if let address, let wait = take(address, limits.openingRatePerAddress, now) {
            return LimitRefusal(
                reason: "one address may open \(limits.openingRatePerAddress) sessions a second", isOwn: true,
                retryAfter: wait)
        }
        if limits.openingRate > 0 {
            var bucket = all ?? TokenBucket(rate: limits.openingRate, now: now)
            let wait = bucket.take(rate: limits.openingRate, now: now)
            all = bucket
            if let wait {
                return LimitRefusal(
                    reason: "\(limits.openingRate) sessions a second may open", isOwn: false, retryAfter: wait)
            }
        }
        if let address { addresses[address, default: 0] += 1 }
        if let principal { principals[principal, default: 0] += 1 }
        return nil
    }

    /// A session that was let open has ended.
    mutating func ended(address: String?, principal: String?) {
        if let address { Self.subtract(address, &addresses) }
        if let principal { Self.subtract(principal, &principals) }
    }

    private static func subtract(_ key: String, _ counts: inout [String: Int]) {
        guard let count = counts[key] else { return }
        counts[key] = count > 1 ? count - 1 : nil
    }

    private mutating func take(_ address: String, _ rate: Int, _ now: NIODeadline) -> Int? {
        guard rate > 0 else { return nil }
        if buckets[address] == nil, buckets.count >= Self.capacity { makeRoom(rate, now) }
        var bucket = buckets[address] ?? TokenBucket(rate: rate, now: now)
        let wait = bucket.take(rate: rate, now: now)
        buckets[address] = bucket
        return wait
    }

    /// Those that are full again are forgotten first, and then half of the others, whichever they are.
    private mutating func makeRoom(_ rate: Int, _ now: NIODeadline) {
        let full = Double(rate) * TokenBucket.seconds
        buckets = buckets.filter { $0.value.level(rate: rate, now: now) < full }
        // For many at a time, since all of them are looked at.
        guard buckets.count > Self.capacity / 4 * 3 else { return }
        for key in buckets.keys.prefix(Self.capacity / 2) { buckets[key] = nil }
    }

    /// How many addresses are remembered.
    var remembered: Int { buckets.count }
}

/// What a client is counted by.
enum AddressKey {
    /// The address; of IPv6 its network of 64 bits.
    ///
    /// Nil for none, and for this very machine.
    static func of(_ address: String?) -> String? {
        guard let address, !address.isEmpty, address != "::1", !address.utf8.starts(with: "127.".utf8) else {
            return nil
        }
        guard address.utf8.contains(UInt8(ascii: ":")) else { return address }
        // IPv4 as IPv6 writes it.
        if address.lowercased().hasPrefix("::ffff:"), address.contains(".") { return of(String(address.dropFirst(7))) }
        // Before "::" stand all groups that are not zero.
        let groups = address.lowercased().split(separator: ":", omittingEmptySubsequences: false)
        return groups.prefix(4).prefix { !$0.isEmpty }.joined(separator: ":") + "::/64"
    }
}
