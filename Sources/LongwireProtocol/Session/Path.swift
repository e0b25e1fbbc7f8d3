internal import NIOCore

/// What carries a session's frames, as the machine sees it (Docs/protocol.md, "Words").
struct Path {
    enum Phase: Equatable {
        /// Client: OPEN is out, OPENED has not come.
        case dialing
        /// Opened and not used.
        case candidate
        case used
        /// Client: another path is used; this one is closed when the server's ACK came on that.
        case retired
    }

    let number: UInt64
    let transport: TransportKind
    var phase: Phase
    let startedAt: NIODeadline
    var heardAt: NIODeadline
    var sentAt: NIODeadline
    var acknowledgedAt: NIODeadline
    /// The first frame of the transaction has not been written yet: OPEN or OPENED.
    var owesOpening = true
    /// The next ACK on this path goes at once: it is newly used, or says so.
    var owesAck = false
    @Seldom var owedPong: PingPayload?
    /// Server: a plain GET has no uplink, so that silence says nothing.
    var hasUplinkHeartbeat = true

    // Bytes of this path's transaction.
    var allowance: Allowance?
    /// Body bytes read from the other side.
    var bytesRead: UInt64 = 0
    /// Of these, the ones the other side was told of.
    var bytesReadSaid: UInt64 = 0
    var bytesWritten: UInt64 = 0
    /// Client: the length that was declared for the body; 0 where none was.
    var bodyLimit: UInt64 = 0

    // Watchdog (client, duplex).
    var progressAt: NIODeadline
    var hasNudged = false

    /// Client: the server's ACK came since the path is used, so it knows.
    var isConfirmed = false

    // Rotation (client).
    /// What was covered when the path was first used.
    var coveredAtUse: UInt64 = 0
    var greatestAge: TimeAmount = .zero
    var greatestSize: UInt64 = 0
    var isRotationSaid = false
    /// The attempt that a rotation asked for failed: it is asked for again then.
    @OneWord var rotationRetryAt: NIODeadline?
    /// Client: it was begun while no path was used, perhaps beside others, of which the first to open is used.
    var isRival = false
    /// Client: its OPEN named the instance.
    var hasNamedInstance = false

    // Finite transactions.
    var flights = FlightLedger()
    /// Server, poll: the requests that wait for their answers, oldest first.
    var held: [(transaction: UInt64, since: NIODeadline)] = []
    var nextTransaction: UInt64 = 1
    /// Client, `stream`: where frames are missing on the downlink, behind what was received; an uplink before this
    /// transaction may bring them in its answer.
    @Seldom var gap: (received: UInt64, before: UInt64)?
    /// Server, poll: how long the client at most wants its requests held.
    var holdLimit = TimeAmount.hours(24)
    /// The bytes of PAD behind OPENED, for a way that holds the start of a response back: what the client asks for.
    var prelude = 0

    // Silence, both ways.
    /// The longest one that the line outlived: something was heard after it.
    private(set) var idleOutlived = TimeAmount.zero
    /// The longest one since something was heard.
    private var idleUnanswered = TimeAmount.zero

    mutating func sent(_ now: NIODeadline) {
        idleUnanswered = idle(now)
        sentAt = now
    }

    mutating func heard(_ now: NIODeadline) {
        idleOutlived = max(idleOutlived, idle(now))
        idleUnanswered = .zero
        heardAt = now
    }

    /// The longest silence that nothing was heard after.
    func idle(_ now: NIODeadline) -> TimeAmount { max(idleUnanswered, now - max(sentAt, heardAt)) }

    /// What a declared length leaves for control frames.
    var bodyLeft: Int { bodyLimit > 0 ? Int(clamping: bodyLimit - min(bytesWritten, bodyLimit)) : .max }
    /// What of it data may take: control frames still have room until the next path carries them.
    var bodyLeftForData: Int { bodyLimit > 0 ? max(bodyLeft - 16 * 1024, 0) : .max }

    init(number: UInt64, transport: TransportKind, phase: Phase, now: NIODeadline) {
        self.number = number
        self.transport = transport
        self.phase = phase
        startedAt = now
        heardAt = now
        sentAt = now
        acknowledgedAt = now
        progressAt = now
    }
}
