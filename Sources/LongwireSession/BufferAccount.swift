internal import Synchronization

/// What all sessions of a server hold together, in bytes; from any event loop.
///
/// Each session is bounded by its own windows; this bounds their sum. Where it is reached, sessions that hold more than
/// their share are ended, and those that hold little go on.
package final class BufferAccount: Sendable {
    private let total = Atomic(0)
    private let sessions = Atomic(0)
    private let greatest: Atomic<Int>

    /// - Parameter limit: the most, in bytes; 0 for no limit.
    package init(limit: Int) { greatest = Atomic(limit) }

    /// The most that all may hold.
    package var limit: Int {
        get { greatest.load(ordering: .relaxed) }
        set { greatest.store(newValue, ordering: .relaxed) }
    }

    /// What all hold now.
    package var held: Int { total.load(ordering: .relaxed) }

    /// Whether no more should come.
    package var isFull: Bool { limit > 0 && held >= limit }

    /// Whether three quarters of that are held.
    var isNearlyFull: Bool { limit > 0 && held >= limit / 4 * 3 }

    /// What a session may hold in any case.
    private static let leastShare = 16 * 1024

    func opened() { sessions.add(1, ordering: .relaxed) }
    func ended() { sessions.subtract(1, ordering: .relaxed) }

    /// A session holds more, or less.
    func change(by bytes: Int) { total.add(bytes, ordering: .relaxed) }

    /// Whether a session that holds so much is to give it up.
    func isTooMuch(_ bytes: Int) -> Bool {
        let limit = limit
        guard limit > 0, held > limit else { return false }
        return bytes > max(limit / max(sessions.load(ordering: .relaxed), 1), Self.leastShare)
    }
}
