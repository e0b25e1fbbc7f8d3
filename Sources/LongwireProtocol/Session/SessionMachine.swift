package import NIOCore

/// The rules of a session (Docs/protocol.md, "Rules of a session"), for both of its ends: no I/O, no clock.
///
/// Overview. Whoever drives a machine tells it what happened (`…Received`, ``pathLost(_:end:now:)``,
/// ``deadlineReached(now:)``), what the application wants (``offer(_:)``, ``take(now:)``, ``close(code:reason:now:)``,
/// ``abort(code:reason:now:)``), then pulls what is to be written with ``transmit(on:control:maxBytes:now:)`` for each
/// path, and ``nextEvent()`` until it returns nil, and arms one timer for ``nextDeadline(now:)``. Time is an argument
/// and never goes backwards.
///
/// Function. The two directions are two queues, ``SendQueue`` and ``ReceiveQueue``; what carries them are at most eight
/// ``Path`` values, of which one is used. The rules are the same at both ends but for three: the client opens and
/// chooses paths, the server accepts and follows; only a client on a duplex transaction has an allowance; only the
/// server tells body bytes read.
///
/// Digression. The machine is no enum of states: a session opens, loses paths and closes in each direction
/// independently, and the product of these has some forty members of which most differ in nothing. `ended` is the one
/// state that nothing leaves.
///
/// A machine is large and lies in an object of whoever drives it. Who asks it there borrows it, and the compiler copies
/// a borrowed one as a whole; so what is asked for in every turn is stored, or `mutating` although it changes nothing.
package struct SessionMachine: ~Copyable {
    package enum Role: Sendable { case client, server }

    /// The session's mark; at a client from its first OPENED on.
    package internal(set) var instance: SessionInstance?
    // Small ones stand together: alone, each takes a word.
    package let role: Role
    /// Whether frames end with a checksum; at a client its wish, until OPENED says more.
    package private(set) var checksum: Bool
    let wantsChecksum: Bool
    var owesPing = false
    /// Whether the session is over.
    package private(set) var isEnded = false
    /// Whether ``nextEvent()`` returns something; asked for several times a turn.
    package private(set) var hasEvents = false
    var wasFull = false
    var unreadableInputs: UInt8 = 0
    /// How often in a row a path was given up for what was not covered.
    @FourBytes var uncoveredFired = 0
    @FourBytes var watchdogFired = 0
    var pingCount: UInt32 = 0
    private let shared: SharedSessionConfiguration
    package var configuration: SessionConfiguration { _read { yield shared.configuration } }
    package let identifier: SessionIdentifier
    /// The session's secret; at a server only where OPENED brings it, as the client did not make it.
    @Seldom package private(set) var token: SessionToken?

    package internal(set) var outbox: SendQueue
    package internal(set) var inbox: ReceiveQueue
    var acks: AckSchedule
    var roundTrip = RoundTrip()
    /// Server: what the client may have unread on a duplex transaction.
    @FourBytes private var grantedPieces = 0
    private var grantedBytes = 0
    var paths = PathList()
    /// The path the client uses, 0 for none yet.
    package internal(set) var using: UInt64 = 0
    /// The highest path number seen.
    var highestPath: UInt64 = 0
    /// The parameters of OPENED: what the server says beside the session's own.
    package var offers: [Parameter] = []
    let client: ClientFacts?

    /// Since when no path is used.
    @OneWord var suspendedAt: NIODeadline?
    package let startedAt: NIODeadline
    /// Since when a path is used.
    var attachedAt: NIODeadline
    /// Since when what could go waits for a bundle's worth.
    @OneWord var gatheringSince: NIODeadline?
    /// Since when what was sent on the used stream is not covered, and nothing of it was; nil while nothing is.
    @OneWord var uncoveredSince: NIODeadline?
    var useless = UselessFrames()
    @Seldom var pingSentAt: (payload: PingPayload, path: UInt64, at: NIODeadline)?
    /// How long the answer to the last PING took; nil while it has not come.
    @OneWord package internal(set) var lastPing: TimeAmount?

    var farewell: Farewell?
    @Seldom package internal(set) var ending: SessionEnding? { didSet { isEnded = ending != nil } }
    var events: [SessionEvent] = [] { didSet { hasEvents = !events.isEmpty } }

    /// A machine for one end of a session.
    ///
    /// - Parameter instance: at the server, the mark it gives this session.
    package init(
        role: Role, configuration: SessionConfiguration, identifier: SessionIdentifier, token: SessionToken,
        instance: SessionInstance? = nil, tellsToken: Bool = false, checksum: Bool = false, now: NIODeadline
    ) {
        self.init(
            role: role, shared: SharedSessionConfiguration(configuration), identifier: identifier, token: token,
            instance: instance, tellsToken: tellsToken, checksum: checksum, now: now)
    }

    /// The same, of a configuration that many sessions have.
    package init(
        role: Role, shared: SharedSessionConfiguration, identifier: SessionIdentifier, token: SessionToken,
        instance: SessionInstance? = nil, tellsToken: Bool = false, checksum: Bool = false, now: NIODeadline
    ) {
        let configuration = shared.configuration
        self.role = role
        self.shared = shared
        self.identifier = identifier
        self.token = role == .client || tellsToken ? token : nil
        self.instance = instance
        self.checksum = checksum
        wantsChecksum = role == .client && checksum
        outbox = SendQueue(capacity: configuration.sendBuffer, limit: 0, checksum: checksum)
        inbox = ReceiveQueue(window: configuration.receiveWindow, messageLimit: configuration.messageLimit)
        acks = AckSchedule(
            delay: configuration.acknowledgeDelay, window: configuration.receiveWindow,
            keepsDistance: configuration.isRoomy, heartbeat: configuration.heartbeat)
        startedAt = now
        attachedAt = now
        client = role == .client ? ClientFacts(now: now) : nil
        setAllowance(bytes: configuration.allowanceBytes, pieces: configuration.allowancePieces)
    }

    /// Whether a path carries the session now.
    package var isAttached: Bool { usedIndex != nil }
    /// Client: whether the server has accepted this path.
    package func isOpened(_ path: UInt64) -> Bool { paths.all.contains { $0.number == path && $0.phase != .dialing } }
    /// Whether both sides have closed, know it of each other, and nothing more is to be said here about it.
    package var isAllSaid: Bool { outbox.isCloseCovered && inbox.close != nil && acks.dueAt == nil }
    /// The transport of the used path.
    package var usedTransport: TransportKind? { usedPath?.transport }
    /// Client: whether the used path asked for a prelude.
    package var usedAsksPrelude: Bool { usedPath.map { $0.prelude > 0 } ?? false }
    private var usedPath: Path? { paths.all.first { $0.phase == .used } }
    /// Asks the other side for an answer on the used path; see ``lastPing``.
    package mutating func ping() {
        owesPing = true
        lastPing = nil
    }
    /// The smoothed round trip, once one was measured.
    package var smoothedRoundTrip: TimeAmount? { roundTrip.smoothed }
    /// Whether this end has sent or received a numbered frame: from then on it must have just this session.
    var hasHistory: Bool { outbox.highestSent > 0 || inbox.received > 0 }

    @inline(__always)
    var usedIndex: Int? { paths.usedIndex }
    @inline(__always)
    func index(of path: UInt64) -> Int? { paths.index(of: path) }

    /// Client: the server's first OPENED says whether there are checksums; nothing numbered has gone or come.
    ///
    /// - Returns: false where messages that were taken already have another form.
    mutating func agree(checksum: Bool) -> Bool {
        guard checksum != self.checksum else { return true }
        guard outbox.nextNumber == 1 else { return false }
        self.checksum = checksum
        outbox.checksum = checksum
        return true
    }

    /// Server: what this session's client may have unread on its duplex transactions.
    package mutating func setAllowance(bytes: Int, pieces: Int) {
        grantedBytes = bytes
        grantedPieces = min(pieces, Int(Int32.max))
    }

    /// What a client may have written that the server has not read: at a client what the server said, once it has.
    var allowanceLimit: AllowanceLimit {
        client?.allowanceLimit ?? AllowanceLimit(granting: grantedBytes, pieces: grantedPieces)
    }

    /// Server: the bytes read after which its client is told at once.
    var urgentlyReadBytes: UInt64 { UInt64(max(grantedBytes, 0)) / 4 }

    /// The next thing that happened, oldest first.
    package mutating func nextEvent() -> SessionEvent? {
        guard let event = events.first else { return nil }
        // Events are rare: none keeps memory.
        if events.count == 1 { events = [] } else { events.removeFirst() }
        return event
    }

    /// Nothing has happened for a moment: queues that are empty let go of their memory.
    package mutating func rest() {
        outbox.rest()
        inbox.rest()
    }
}
