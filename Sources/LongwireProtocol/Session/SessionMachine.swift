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

    package let role: Role
    private let shared: SharedSessionConfiguration
    package var configuration: SessionConfiguration { _read { yield shared.configuration } }
    package let identifier: SessionIdentifier
    package let token: SessionToken
    /// The session's mark; at a client from its first OPENED on.
    package internal(set) var instance: SessionInstance?

    package internal(set) var outbox: SendQueue
    package internal(set) var inbox: ReceiveQueue
    var acks: AckSchedule
    var roundTrip = RoundTrip()
    var paths: [Path] = []
    /// The path the client uses, 0 for none yet.
    package internal(set) var using: UInt64 = 0
    /// The highest path number seen.
    var highestPath: UInt64 = 0
    /// The session's heartbeat and resume time: the server's, once they are known.
    package internal(set) var heartbeat: TimeAmount
    package internal(set) var resumeTime: TimeAmount
    /// Whether frames end with a checksum; at a client its wish, until OPENED says more.
    package private(set) var checksum: Bool
    let wantsChecksum: Bool
    /// Client: the path of the URL with its query, which a bare line's OPEN names.
    @Seldom package var target: String?
    /// Client: what a bare line's OPEN says of who asks; not said where it is too long for a frame's parameters.
    @Seldom package var authorization: String?
    /// Client: whether there is another way to the server than bare TCP, on which a refusal may be another's.
    package var hasOtherTransports = true
    /// The parameters of OPENED: what the server says beside the session's own.
    package var offers: [Parameter] = []
    var allowanceLimit: AllowanceLimit

    /// Since when no path is used.
    @OneWord var suspendedAt: NIODeadline?
    let startedAt: NIODeadline
    /// Since when a path is used.
    var attachedAt: NIODeadline
    /// Server: OPENED brings the token, which the client did not make.
    let tellsToken: Bool
    var watchdogFired = 0
    /// Since when what could go waits for a bundle's worth.
    @OneWord var gatheringSince: NIODeadline?
    var unreadableInputs = 0
    /// Since when what was sent on the used stream is not covered, and nothing of it was; nil while nothing is.
    @OneWord var uncoveredSince: NIODeadline?
    /// How often in a row a path was given up for it.
    var uncoveredFired = 0
    var useless = UselessFrames()
    @Seldom var pingSentAt: (payload: PingPayload, path: UInt64, at: NIODeadline)?
    var pingCount: UInt64 = 0
    var owesPing = false
    /// How long the answer to the last PING took; nil while it has not come.
    @OneWord package internal(set) var lastPing: TimeAmount?

    /// Client: how often a PING goes where a direction is silent, so that bytes go both ways; nil: heartbeats do.
    @OneWord package var keepAlive: TimeAmount?
    var keptAliveAt: NIODeadline
    /// Of the used path that ended last: its longest silence that nothing was heard after, and the one it outlived.
    package internal(set) var lastIdle = (unanswered: TimeAmount.zero, outlived: TimeAmount.zero)

    // Ending.
    var isApplicationDone = false
    @OneWord var closeAskedAt: NIODeadline?
    var closeCode = CloseCode.done
    /// When anything last moved in either direction, once CLOSE was asked for.
    var movedAt: NIODeadline
    var isPeerCloseSaid = false
    /// When it became known that our CLOSE arrived.
    @OneWord var closeCoveredAt: NIODeadline?
    @Seldom var owedGoing: CloseCode?
    /// The advice to come to an end: given by the server, repeated on a new path; or heard by the client.
    @Seldom var goingCode: CloseCode?
    @Seldom var owedAbort: AbortFrame?
    @Seldom package internal(set) var ending: SessionEnding? { didSet { isEnded = ending != nil } }
    /// Whether the session is over.
    package private(set) var isEnded = false

    var events: [SessionEvent] = [] { didSet { hasEvents = !events.isEmpty } }
    /// Whether ``nextEvent()`` returns something; asked for several times a turn.
    package private(set) var hasEvents = false
    var wasFull = false

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
        self.token = token
        self.instance = instance
        self.checksum = checksum
        wantsChecksum = role == .client && checksum
        self.tellsToken = tellsToken
        outbox = SendQueue(capacity: configuration.sendBuffer, limit: 0, checksum: checksum)
        inbox = ReceiveQueue(window: configuration.receiveWindow, messageLimit: configuration.messageLimit)
        acks = AckSchedule(
            delay: configuration.acknowledgeDelay, window: configuration.receiveWindow,
            keepsDistance: configuration.isRoomy)
        heartbeat = configuration.heartbeat
        resumeTime = configuration.resumeTime
        allowanceLimit = AllowanceLimit(
            granting: configuration.allowanceBytes, pieces: configuration.allowancePieces)
        startedAt = now
        attachedAt = now
        movedAt = now
        keptAliveAt = now
    }

    /// Whether a path carries the session now.
    package var isAttached: Bool { usedIndex != nil }
    /// Client: whether the server has accepted this path.
    package func isOpened(_ path: UInt64) -> Bool { index(of: path).map { paths[$0].phase != .dialing } ?? false }
    /// Whether both sides have closed, know it of each other, and nothing more is to be said here about it.
    package var isAllSaid: Bool { outbox.isCloseCovered && inbox.close != nil && acks.dueAt == nil }
    /// The transport of the used path.
    package var usedTransport: TransportKind? { usedIndex.map { paths[$0].transport } }
    /// Client: whether the used path asked for a prelude.
    package var usedAsksPrelude: Bool { usedIndex.map { paths[$0].prelude > 0 } ?? false }
    /// Asks the other side for an answer on the used path; see ``lastPing``.
    package mutating func ping() {
        owesPing = true
        lastPing = nil
    }
    /// The smoothed round trip, once one was measured.
    package var smoothedRoundTrip: TimeAmount? { roundTrip.smoothed }
    /// Whether this end has sent or received a numbered frame: from then on it must have just this session.
    var hasHistory: Bool { outbox.highestSent > 0 || inbox.received > 0 }

    var usedIndex: Int? { paths.firstIndex { $0.phase == .used } }
    func index(of path: UInt64) -> Int? { paths.firstIndex { $0.number == path } }

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
