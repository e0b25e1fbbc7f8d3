internal import Synchronization

/// Counts what a whole server has open, over all its event loops, up to a limit.
final class Gauge: Sendable {
    private let count = Atomic<Int>(0)
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    /// Open now.
    var current: Int { self.count.load(ordering: .relaxed) }

    /// Counts one more, unless that would pass the limit.
    func acquire() -> Bool {
        if self.count.add(1, ordering: .relaxed).newValue <= self.limit { return true }
        self.release()
        return false
    }

    /// Counts `number` fewer.
    func release(_ number: Int = 1) {
        self.count.subtract(number, ordering: .relaxed)
    }
}
