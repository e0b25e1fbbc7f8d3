internal import HTTPTypes
internal import Synchronization

/// What the bodies of requests that have not come to their end hold together, in bytes; from any event loop.
///
/// Nobody need be let in, nor have a session, to send half of a body.
final class BodyAccount: Sendable {
    private let total = Atomic(0)
    private let greatest: Atomic<Int>

    /// What a body may have in any case.
    static let leastShare = 16 * 1024

    /// - Parameter limit: the most, in bytes; 0 for no limit.
    init(limit: Int) { greatest = Atomic(limit) }

    /// A part of what may wait in all sessions.
    static func limit(of limits: SessionLimits) -> Int { limits.buffered / 4 }

    /// The most that all may hold.
    var limit: Int {
        get { greatest.load(ordering: .relaxed) }
        set { greatest.store(newValue, ordering: .relaxed) }
    }

    /// What all hold now.
    var held: Int { total.load(ordering: .relaxed) }

    /// One body's part of it.
    struct Share {
        private let account: BodyAccount
        private var own = 0

        init(of account: BodyAccount) { self.account = account }

        /// Counts a body that has `size` bytes now.
        ///
        /// - Returns: false where there is no room for it.
        mutating func grow(to size: Int) -> Bool {
            let held = account.total.add(size - own, ordering: .relaxed).newValue
            own = size
            return account.limit == 0 || held <= account.limit || size <= BodyAccount.leastShare
        }

        /// Holds nothing any more.
        mutating func release() {
            account.total.subtract(own, ordering: .relaxed)
            own = 0
        }
    }

    /// What is answered where there is no room.
    var problem: Problem {
        Problem(
            status: .serviceUnavailable, title: "Not now",
            detail: "The limit of \(limit) bytes of bodies that are not whole is reached.",
            fields: [.retryAfter: "1"])
    }
}
