public import NIOCore

/// The sizes and times of a session; each side has its own (Docs/protocol.md, "Defaults").
public struct SessionConfiguration: Sendable, Equatable {
    /// When a heartbeat is due.
    public enum HeartbeatMode: String, Sendable, CaseIterable {
        /// Only after nothing else was sent for a heartbeat.
        case silence
        /// Every heartbeat, whatever else was sent.
        case interval
    }

    /// What may have arrived and not been taken, in bytes of credit (a message costs its payload plus 64).
    public var receiveWindow = 256 * 1024
    /// What may wait here until the other side has acknowledged it, in bytes of credit.
    public var sendBuffer = 256 * 1024
    /// The greatest message that is taken, in bytes.
    public var messageLimit = 1024 * 1024
    /// The longest silence of either direction; the server's value counts for both.
    public var heartbeat = TimeAmount.seconds(15)
    /// When a heartbeat is due.
    public var heartbeatMode = HeartbeatMode.silence
    /// How long a session outlives its last path; zero: a cut line is the end.
    ///
    /// The server's value counts for both.
    public var resumeTime = TimeAmount.seconds(60)
    /// How long a closed session waits for the other side's answer, where the resume time is shorter.
    public var linger = TimeAmount.seconds(10)
    /// How long a path may take to open, and a session to get its first used path.
    public var timeToOpen = TimeAmount.seconds(10)
    /// How long a CLOSE may wait behind messages that wait for credit.
    public var closeWait = TimeAmount.minutes(10)
    /// How long an acknowledgement may wait for company; after one that waited in vain 25 times that, at most 500 ms and
    /// a tenth of the heartbeat.
    public var acknowledgeDelay = TimeAmount.milliseconds(20)
    /// What a client may have written that the server has not read, on a duplex transaction (rule 8).
    public var allowanceBytes = 64 * 1024
    /// How many such writes there may be; 0 for any number.
    public var allowancePieces = 64
    /// What replaces both where the server sees that the web server reached it over loopback TCP, in bytes.
    public var allowanceBytesLoopback = 1024 * 1024
    /// The least time without progress after which a client gives up a path with unread bytes (rule 8).
    public var watchdog = TimeAmount.seconds(3)
    /// The greatest age of a transaction, ± 10 %; zero: no limit.
    public var greatestAge = TimeAmount.minutes(10)
    /// The greatest size of a transaction's body or response, in bytes; zero: no limit.
    public var greatestSize = 900 * 1024 * 1024
    /// How long the server holds a request of the `poll` transport; a client may wish for less than its default.
    public var pollHold = Self.standardHold
    static let standardHold = TimeAmount.seconds(15)
    /// What makes a bundle, in messages.
    public var bundleMessages = 10
    /// What makes a bundle, in bytes of frames.
    public var bundleBytes = 64 * 1024
    /// How long messages wait for a bundle's worth, once a request (or a held one's answer) could take them; zero: not.
    public var bundleDelay = TimeAmount.zero
    /// The least time after which what a finite transaction carried, and nobody acknowledged, goes again.
    public var repeatTime = TimeAmount.seconds(1)
    /// How many requests of one poll path there may be: a client begins no more, a server then answers the oldest.
    public var pollRequests = 2
    /// How many uplinks of one stream path are under way at once.
    public var uplinkRequests = 4
    /// The unanswered requests after which a poll path is given up.
    public var unansweredLimit = 5
    /// For tests only: a client that ignores the allowance, to show what it is for.
    package var ignoresAllowance = false

    /// The defaults.
    public init() {}

    /// Whether nobody is held up where an acknowledgement comes 500 ms late.
    var isRoomy: Bool {
        min(receiveWindow, sendBuffer, allowanceBytes) >= AckSchedule.roomyBytes
            && (allowancePieces == 0 || allowancePieces >= AckSchedule.roomyPieces)
    }

    /// The least that windows, buffers, bundles and allowances hold: one frame.
    private static let oneFrame = FrameLimits.value + Int(FrameLimits.overhead)

    /// Refuses what cannot work (rule 15), with a sentence that says which value and why.
    public func validate() throws(ConfigurationError) {
        let sizes = [
            ("receive window", receiveWindow), ("send buffer", sendBuffer), ("bundle size", bundleBytes),
        ]
        for (name, value) in sizes where value < Self.oneFrame {
            throw ConfigurationError("the \(name) is \(value) bytes; it must hold one frame, \(Self.oneFrame) bytes")
        }
        for (name, value) in [("allowance", allowanceBytes), ("loopback allowance", allowanceBytesLoopback)]
        where value < Int(Allowance.leastBytes) {
            throw ConfigurationError(
                "the \(name) is \(value) bytes; it must hold one frame and control frames, \(Allowance.leastBytes) bytes"
            )
        }
        guard messageLimit > 0 else { throw ConfigurationError("the message limit must be at least 1 byte") }
        guard allowancePieces == 0 || allowancePieces >= 8 else {
            throw ConfigurationError(
                "the allowance is \(allowancePieces) pieces; it must be 0 (any number) or at least 8")
        }
        guard heartbeat >= .milliseconds(10) else {
            throw ConfigurationError("the heartbeat must be at least 10 ms")
        }
        guard greatestAge <= .zero || greatestAge >= .seconds(1),
            greatestSize <= 0 || greatestSize >= FrameLimits.leastSize
        else {
            throw ConfigurationError(
                "the greatest age of a transaction must be 0 (no limit) or at least 1 s, its greatest size 0 or 1 MiB")
        }
        guard timeToOpen > .zero, linger >= .zero, resumeTime >= .zero else {
            throw ConfigurationError("time to open, linger and resume time must not be negative, nor the first zero")
        }
        guard pollHold <= heartbeat else {
            throw ConfigurationError("the poll hold time must be at most the heartbeat")
        }
        guard bundleDelay >= .zero, repeatTime >= .milliseconds(10), repeatTime <= .minutes(1) else {
            throw ConfigurationError(
                "the bundle delay must not be negative, and the repeat time must be 10 ms to 1 min")
        }
        guard bundleMessages > 0, pollRequests > 0, uplinkRequests > 0, unansweredLimit > 0 else {
            throw ConfigurationError("bundle messages and numbers of requests must be at least 1")
        }
    }
}

/// A configuration that cannot work.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, and what would be right.
    public let description: String

    /// An error with the sentence that people are shown.
    public init(_ description: String) { self.description = description }
}
