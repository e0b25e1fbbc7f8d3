internal import NIOCore

/// The finite transactions of a path and what they carried (rules 4b and 9), until that is covered.
struct FlightLedger {
    struct Flight {
        let transaction: UInt64
        let sentAt: NIODeadline
        /// The frames on board; nil for none.
        let range: ClosedRange<UInt64>?
        /// How often in a row transactions had taken too long when it was sent.
        var attempts: Int
        /// It was answered, and what it carried is not covered yet: an earlier one is still missing.
        var isAnswered = false
    }

    private(set) var flights: [Flight] = []
    /// Transactions that took too long, for whoever drives the machine to cancel.
    private(set) var dead: [UInt64] = []
    /// Failed transactions in a row.
    private(set) var failures = 0
    /// Before this time no further transaction begins: the last one failed.
    @OneWord private(set) var retryAt: NIODeadline?
    /// How often in a row transactions took too long; those that were under way at one time count once.
    private(set) var attempts = 0

    /// The repeat time doubles to this.
    static let longest = TimeAmount.seconds(16)

    var isEmpty: Bool { flights.isEmpty }

    /// The transactions of which an end is still to be expected.
    var underWay: Int { flights.count { !$0.isAnswered } }

    /// Of these, the ones that the other side is not known to have read.
    func unread(covered: UInt64) -> Int {
        flights.count { flight in !flight.isAnswered && flight.range.map { $0.upperBound > covered } ?? true }
    }

    /// Whether an end of one of the transactions before this one is still to be expected.
    func isAnyAwaited(before transaction: UInt64) -> Bool {
        flights.contains { !$0.isAnswered && $0.transaction < transaction }
    }

    mutating func sent(_ transaction: UInt64, range: ClosedRange<UInt64>?, now: NIODeadline) {
        flights.append(Flight(transaction: transaction, sentAt: now, range: range, attempts: attempts))
    }

    /// The transaction was answered; what it carried stays on record until it is covered.
    mutating func answered(_ transaction: UInt64, covered: UInt64) {
        failures = 0
        resetAttempts()
        retryAt = nil
        dead.removeAll { $0 == transaction }
        guard let index = flights.firstIndex(where: { $0.transaction == transaction }) else { return }
        if let range = flights[index].range, range.upperBound > covered {
            flights[index].isAnswered = true
        } else {
            flights.remove(at: index)
        }
    }

    /// The transaction failed: the next one waits a little, longer each time.
    ///
    /// - Returns: the frames that go again; nil when it had none, or took so long that they went already.
    mutating func failed(_ transaction: UInt64, now: NIODeadline) -> ClosedRange<UInt64>? {
        dead.removeAll { $0 == transaction }
        guard let index = flights.firstIndex(where: { $0.transaction == transaction }) else { return nil }
        failures += 1
        retryAt = now + .milliseconds(50) * (1 << min(failures - 1, 6))
        return flights.remove(at: index).range
    }

    /// Acknowledgements moved on: the repeat time starts again from its least.
    mutating func covered(_ covered: UInt64, isServer: Bool) {
        resetAttempts()
        guard !flights.isEmpty else { return }
        // Nobody tells the server that an answer arrived but by covering what it carried.
        flights.removeAll { flight in
            guard isServer || flight.isAnswered, let range = flight.range else { return false }
            return range.upperBound <= covered
        }
    }

    /// Also for those that are under way: they count once again from now on.
    private mutating func resetAttempts() {
        guard attempts > 0 else { return }
        attempts = 0
        for index in flights.indices { flights[index].attempts = 0 }
    }

    private func limit(
        _ flight: Flight, _ smoothed: TimeAmount?, hold: TimeAmount, least: TimeAmount
    ) -> NIODeadline {
        let longest = max(Self.longest, least)
        let base = min(max(least, (smoothed ?? .zero) * 2), longest)
        // Who was sent before others took too long need not wait for longer because of these.
        let patience = min(base * (1 << min(attempts, flight.attempts, 6)), longest)
        return flight.sentAt + patience + (flight.range == nil ? hold : .zero)
    }

    /// When the next transaction has taken too long.
    ///
    /// - Parameters:
    ///   - hold: the time that a transaction without frames may be held.
    ///   - least: the least repeat time.
    func nextRepeat(smoothed: TimeAmount?, hold: TimeAmount, least: TimeAmount = .seconds(1)) -> NIODeadline? {
        flights.lazy.map { limit($0, smoothed, hold: hold, least: least) }.min()
    }

    /// Takes off the record what took too long; its frames go again in others.
    ///
    /// - Returns: the frames that go again, and whether there was anything.
    mutating func takeOverdue(
        smoothed: TimeAmount?, hold: TimeAmount, least: TimeAmount = .seconds(1), now: NIODeadline
    ) -> (ranges: [ClosedRange<UInt64>], isAny: Bool) {
        let overdue = flights.filter { limit($0, smoothed, hold: hold, least: least) <= now }
        guard !overdue.isEmpty else { return ([], false) }
        let numbers = Set(overdue.map(\.transaction))
        flights.removeAll { numbers.contains($0.transaction) }
        dead += overdue.lazy.filter { !$0.isAnswered }.map(\.transaction)
        // Those of before come to their time one after the other: the line failed once, not so many times.
        if overdue.contains(where: { $0.attempts >= attempts }) { attempts += 1 }
        return (overdue.compactMap(\.range), true)
    }

    /// The next transaction to cancel.
    mutating func takeDead() -> UInt64? { dead.isEmpty ? nil : dead.removeFirst() }
}
