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
    // Small ones stand together: alone, each takes a word.
    let transport: TransportKind
    var phase: Phase
    /// The first frame of the transaction has not been written yet: OPEN or OPENED.
    var owesOpening = true
    /// The next ACK on this path goes at once: it is newly used, or says so.
    var owesAck = false
    private(set) var owesPong = false
    /// Server: a plain GET has no uplink, so that silence says nothing.
    var hasUplinkHeartbeat = true
    /// The bytes of PAD behind OPENED, for a way that holds the start of a response back: what the client asks for.
    var prelude: Int {
        get { Int(preludeBytes) }
        set { preludeBytes = UInt16(clamping: newValue) }
    }
    private var preludeBytes: UInt16 = 0

    let startedAt: NIODeadline
    var heardAt: NIODeadline
    var sentAt: NIODeadline
    var acknowledgedAt: NIODeadline
    @Seldom var owedPong: PingPayload? { didSet { owesPong = owedPong != nil } }

    // Bytes of this path's transaction.
    /// Body bytes read from the other side.
    var bytesRead: UInt64 = 0
    /// Of these, the ones the other side was told of.
    var bytesReadSaid: UInt64 = 0
    var bytesWritten: UInt64 = 0

    let client: ClientPath?
    let finite: FinitePath?

    mutating func sent(_ now: NIODeadline) {
        client?.endSilence(of: now - max(sentAt, heardAt), heard: false)
        sentAt = now
    }

    mutating func heard(_ now: NIODeadline) {
        client?.endSilence(of: now - max(sentAt, heardAt), heard: true)
        heardAt = now
    }

    /// What a declared length leaves for control frames.
    var bodyLeft: Int { bodyLimit > 0 ? Int(clamping: bodyLimit - min(bytesWritten, bodyLimit)) : .max }
    /// What of it data may take: control frames still have room until the next path carries them.
    var bodyLeftForData: Int { bodyLimit > 0 ? max(bodyLeft - 16 * 1024, 0) : .max }

    /// No path.
    static var none: Path { Path(number: 0, transport: .duplex, phase: .retired, now: .distantPast) }

    init(number: UInt64, transport: TransportKind, phase: Phase, now: NIODeadline) {
        self.number = number
        self.transport = transport
        self.phase = phase
        startedAt = now
        heardAt = now
        sentAt = now
        acknowledgedAt = now
        // Only clients dial.
        client = phase == .dialing ? ClientPath(now: now) : nil
        finite = transport.isFiniteUp || transport.isFiniteDown ? FinitePath() : nil
    }
}
