internal import NIOCore

/// The finite transactions of a path that are under way, and what they carried (rule 4b).
struct FlightLedger {
    struct Flight {
        let transaction: UInt64
        let sentAt: NIODeadline
        /// The frames on board; nil for none.
        let range: ClosedRange<UInt64>?
        /// Whether its frames went again because it took too long.
        var isOverdue = false
    }

    private(set) var flights: [Flight] = []
    /// Failed transactions in a row.
    private(set) var failures = 0
    /// Transactions without an answer in a row (poll).
    var unanswered: Int { flights.count }
    private var attempts = 0

    mutating func sent(_ transaction: UInt64, range: ClosedRange<UInt64>?, now: NIODeadline) {
        flights.append(Flight(transaction: transaction, sentAt: now, range: range))
    }

    /// The transaction came to its end.
    mutating func answered(_ transaction: UInt64) -> Flight? {
        failures = 0
        return remove(transaction)
    }

    /// The transaction failed; its frames go again.
    mutating func failed(_ transaction: UInt64) -> Flight? {
        failures += 1
        return remove(transaction)
    }

    private mutating func remove(_ transaction: UInt64) -> Flight? {
        guard let index = flights.firstIndex(where: { $0.transaction == transaction }) else { return nil }
        return flights.remove(at: index)
    }

    /// Acknowledgements moved on: the repeat time starts again from its least.
    mutating func covered(_ covered: UInt64, isServer: Bool) {
        attempts = 0
        // Nobody tells the server that an answer arrived but by covering what it carried.
        if isServer { flights.removeAll { ($0.range?.upperBound ?? 0) <= covered } }
    }

    private func repeatTime(_ smoothed: TimeAmount?) -> TimeAmount {
        let base = max(.seconds(1), (smoothed ?? .zero) * 2)
        return base * (1 << min(attempts, 6))
    }

    func nextRepeat(smoothed: TimeAmount?, covered: UInt64) -> NIODeadline? {
        flights.filter { !$0.isOverdue && ($0.range.map { $0.upperBound > covered } ?? false) }
            .map { $0.sentAt + repeatTime(smoothed) }.min()
    }

    /// The ranges whose transactions took too long: they go again in others.
    mutating func takeOverdue(smoothed: TimeAmount?, covered: UInt64, now: NIODeadline) -> [ClosedRange<UInt64>] {
        let limit = repeatTime(smoothed)
        var ranges: [ClosedRange<UInt64>] = []
        for index in flights.indices where !flights[index].isOverdue && flights[index].sentAt + limit <= now {
            guard let range = flights[index].range, range.upperBound > covered else { continue }
            flights[index].isOverdue = true
            ranges.append(range)
        }
        if !ranges.isEmpty { attempts += 1 }
        return ranges
    }
}
