internal import NIOCore

/// What only a client's path has: no part of ``Path``, of which a server holds thousands.
final class ClientPath {
    /// The length that was declared for the body; 0 where none was.
    var bodyLimit: UInt64 = 0

    // Watchdog (duplex).
    var allowance: Allowance?
    var progressAt: NIODeadline
    var hasNudged = false

    /// The server's ACK came since the path is used, so it knows.
    var isConfirmed = false
    /// It was begun while no path was used, perhaps beside others, of which the first to open is used.
    var isRival = false
    /// Its OPEN named the instance.
    var hasNamedInstance = false

    // Rotation.
    var isRotationSaid = false
    /// What was covered when the path was first used.
    var coveredAtUse: UInt64 = 0
    var greatestAge: TimeAmount = .zero
    var greatestSize: UInt64 = 0
    /// The attempt that a rotation asked for failed: it is asked for again then.
    @OneWord var rotationRetryAt: NIODeadline?

    // Silence, both ways.
    /// The longest one that the line outlived: something was heard after it.
    private(set) var idleOutlived = TimeAmount.zero
    /// The longest one since something was heard.
    private(set) var idleUnanswered = TimeAmount.zero

    init(now: NIODeadline) { progressAt = now }

    /// - Parameter heard: whether it was the other side that ended it.
    func endSilence(of time: TimeAmount, heard: Bool) {
        idleUnanswered = max(idleUnanswered, time)
        guard heard else { return }
        idleOutlived = max(idleOutlived, idleUnanswered)
        idleUnanswered = .zero
    }
}

extension Path {
    /// What may be on its way to the server, where that is bounded (duplex).
    var allowance: Allowance? {
        get { client?.allowance }
        set { client?.allowance = newValue }
    }
    /// Client: the longest silence that nothing was heard after, and the longest that something was.
    func silences(_ now: NIODeadline) -> (unanswered: TimeAmount, outlived: TimeAmount) {
        let last = now - max(sentAt, heardAt)
        return (max(client?.idleUnanswered ?? .zero, last), client?.idleOutlived ?? .zero)
    }
    var bodyLimit: UInt64 {
        get { client?.bodyLimit ?? 0 }
        set { client?.bodyLimit = newValue }
    }
    /// When the server last told news of what it has read, or was asked to.
    var progressAt: NIODeadline {
        get { client?.progressAt ?? startedAt }
        set { client?.progressAt = newValue }
    }
    var hasNudged: Bool {
        get { client?.hasNudged ?? false }
        set { client?.hasNudged = newValue }
    }
    var isConfirmed: Bool {
        get { client?.isConfirmed ?? false }
        set { client?.isConfirmed = newValue }
    }
    var isRival: Bool {
        get { client?.isRival ?? false }
        set { client?.isRival = newValue }
    }
    var hasNamedInstance: Bool {
        get { client?.hasNamedInstance ?? false }
        set { client?.hasNamedInstance = newValue }
    }
    var isRotationSaid: Bool {
        get { client?.isRotationSaid ?? false }
        set { client?.isRotationSaid = newValue }
    }
    var coveredAtUse: UInt64 {
        get { client?.coveredAtUse ?? 0 }
        set { client?.coveredAtUse = newValue }
    }
    var greatestAge: TimeAmount {
        get { client?.greatestAge ?? .zero }
        set { client?.greatestAge = newValue }
    }
    var greatestSize: UInt64 {
        get { client?.greatestSize ?? 0 }
        set { client?.greatestSize = newValue }
    }
    var rotationRetryAt: NIODeadline? {
        get { client?.rotationRetryAt }
        set { client?.rotationRetryAt = newValue }
    }
}
