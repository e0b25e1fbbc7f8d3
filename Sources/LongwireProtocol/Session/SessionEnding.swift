/// How a session came to its end, as its application is told.
public struct SessionEnding: Error, Sendable, Equatable, CustomStringConvertible {
    /// What ended it.
    public enum Kind: Sendable, Equatable {
        /// Both sides closed, and everything sent before was received by both.
        case closed
        /// One side gave up: what was not acknowledged may be lost.
        case aborted
        /// No path was found again in time, or the server no longer knows the session.
        case lost
    }

    /// What ended it.
    public var kind: Kind
    /// The code of the other side's CLOSE or ABORT, or our own where the other side said nothing.
    public var code: CloseCode
    /// The reason in words; may be empty.
    public var reason: String
    /// Whether ``code`` and ``reason`` are the other side's.
    public var isRemote: Bool
    /// The last number of ours that the other side is known to have received, with all before it.
    public var covered: UInt64
    /// How many of our frames had not been acknowledged.
    public var unacknowledged: UInt64

    package init(
        kind: Kind, code: CloseCode, reason: String, isRemote: Bool, covered: UInt64 = 0, unacknowledged: UInt64 = 0
    ) {
        self.kind = kind
        self.code = code
        self.reason = reason
        self.isRemote = isRemote
        self.covered = covered
        self.unacknowledged = unacknowledged
    }

    /// A sentence for people.
    public var description: String {
        let why = reason.isEmpty ? "\(code)" : "\(code): \(reason)"
        switch kind {
        case .closed: return "closed (\(why))"
        case .aborted: return "\(isRemote ? "aborted by the other side" : "aborted") (\(why))"
        case .lost:
            let rest = unacknowledged == 0 ? "nothing unacknowledged" : "\(unacknowledged) frames not acknowledged"
            return "lost (\(why); \(rest))"
        }
    }
}
