internal import LongwireProtocol
internal import LongwireSession
internal import LongwireTransport
internal import Logging
internal import NIOCore

/// One session at the client: opens its paths, by whichever transport passes, for as long as the session lives.
final class ClientSession: SessionObserver {
    private let core: SessionCore
    private let dialer: Dialer
    private let configuration: ClientConfiguration
    private let memory: TransportMemory
    private var opened: EventLoopPromise<Session>?
    private var backoff: Backoff
    private var chooser: TransportChooser
    /// The paths being opened.
    private var attempts: [UInt64: any ClientCarrier] = [:]
    /// Why paths were lost, until the session has taken note.
    private var failures: [UInt64: ConnectError] = [:]
    /// What failed first in this round: it says most about what is wrong.
    private var firstFailure: ConnectError?
    private var lastFailure: ConnectError?
    private var redial: Scheduled<Void>?
    /// When the next transport is tried beside the one under way.
    private var patience: Scheduled<Void>?
    private var promotion: Scheduled<Void>?
    private var promotionWait: TimeAmount
    /// The better transports that are tried when the one under way fails.
    private var promotionQueue: ArraySlice<TransportKind> = []
    /// The path that carries the session, since when, and what had been received and covered then.
    private var used: (path: UInt64, transport: TransportKind, since: NIODeadline, numbers: (UInt64, UInt64))?
    /// The rounds of attempts to open the line again since it was open last.
    private var rounds = 0

    private var idleCuts: IdleCuts
    /// Whether attempts ask for a prelude: one was late since the session was carried last, or what carried it did.
    private var asksPrelude: Bool
    /// Whether bodies of duplex transactions declare a length: some web servers take no others (status 411).
    private var declaresLength: Bool
    /// Whether the next try of duplex beside a lesser transport declares a length: some proxies pass such a body on as
    /// it comes, and hold a chunked one back.
    private var promotionDeclares = true
    /// The last path whose length was declared.
    private var declaredPath: UInt64 = 0

    /// Where bare TCP is served, as far as that is known.
    private var direct: DirectTCP?
    /// Whether the server has just offered bare TCP to a session that goes over HTTP.
    private var isOfferNew = false
    /// For how long such an offer waits: sessions that last no longer have nothing of it.
    private static let offerPatience = TimeAmount.seconds(1)
    /// A URL's target that is longer does not go into OPEN.
    private static let targetLimit = 3_000

    /// The length that is declared: paths are rotated before it is used up.
    private static let declaredLength = 64 * 1024 * 1024
    /// The size of a prelude in bytes; what holds the start of a response back mostly holds 4 KiB or less.
    private static let prelude = 4096

    init(
        core: SessionCore, dialer: Dialer, configuration: ClientConfiguration, memory: TransportMemory,
        opened: EventLoopPromise<Session>
    ) {
        self.core = core
        self.dialer = dialer
        self.configuration = configuration
        self.memory = memory
        self.opened = opened
        backoff = Backoff(resumeTime: core.machine.resumeTime)
        chooser = TransportChooser(
            transports: configuration.transports, remembered: memory.transport(of: dialer))
        promotionWait = configuration.promotionInterval
        idleCuts = IdleCuts(interval: memory.keepAlive(of: dialer))
        core.machine.keepAlive = idleCuts.interval
        asksPrelude = configuration.asksPrelude
        declaresLength = memory.wantsLength(dialer) || configuration.declaresLength
        if dialer.endpoint.target.utf8.count <= Self.targetLimit {
            direct = configuration.directTCP ?? memory.offered(by: dialer)
        }
        chooser.set(.tcp, isAbsent: direct == nil)
        chooser.set(.websocket, isAbsent: memory.refusesWebSocket(dialer))
        if let direct, !memory.isBlocked(direct, of: dialer) { chooser.tryFirst(.tcp) }
    }

    func start() { beginRound() }

    /// The task that connects was cancelled.
    func giveUp() {
        guard opened != nil else { return }
        fail(ConnectError(.cancelled, "connecting was cancelled"))
    }

    // MARK: Attempts

    private func beginRound() {
        redial = nil
        guard attempts.isEmpty, !core.machine.isEnded else { return }
        firstFailure = nil
        chooser.beginRound(now: .now())
        tryNext()
    }

    /// Begins the next attempt of the round.
    ///
    /// - Returns: false when there is none left.
    @discardableResult
    private func tryNext() -> Bool {
        patience?.cancel()
        patience = nil
        guard let transport = chooser.next() else { return false }
        return dial(transport)
    }

    /// Whether a transport needs more than that requests pass.
    private func isLine(_ transport: TransportKind) -> Bool { transport == .tcp || transport == .websocket }

    @discardableResult
    private func dial(_ transport: TransportKind, declaring: Bool = false, prelude: Bool = false) -> Bool {
        guard transport != .tcp || direct != nil else { return false }
        guard let path = core.machine.openPath(transport, now: .now()) else { return false }
        if prelude || asksPrelude, transport.mayHavePrelude {
            core.machine.askPrelude(Self.prelude, of: path)
        }
        var length: Int?
        if transport == .duplex, declaresLength || declaring {
            let greatest = configuration.session.greatestSize
            length = greatest > 0 ? min(Self.declaredLength, greatest) : Self.declaredLength
        }
        if let length {
            core.machine.declareLength(length, of: path)
            declaredPath = path
        }
        let carrier = carrier(path, transport, length: length)
        attempts[path] = carrier
        carrier.start()
        // Where a firewall drops what comes to the port, or a proxy never answers, there may not even be a connection.
        if isLine(transport) { carrierConnected(path, after: .zero) }
        return true
    }

    private func carrier(_ path: UInt64, _ transport: TransportKind, length: Int?) -> any ClientCarrier {
        let tap = configuration.onFrame.map { FrameTap(path: path, tell: $0) }
        switch transport {
        case .poll: return PollClientCarrier(path: path, core: core, dialer: dialer, listener: self, tap: tap)
        case .tcp, .websocket:
            let line = transport == .tcp ? direct.map { dialer.direct($0) } : nil
            // Credentials go where somebody here named the port, not where any server leads.
            if transport == .tcp, configuration.directTCP != nil, !configuration.isDirectOffered {
                core.machine.authorization = dialer.authorization
            }
            return LineClientCarrier(
                path: path, transport: transport, core: core, dialer: line ?? dialer.forBytes, listener: self,
                tap: tap)
        default:
            return StreamedClientCarrier(
                path: path, transport: transport, declaredLength: length, core: core, dialer: dialer, listener: self,
                tap: tap)
        }
    }

    /// From now on bodies of duplex transactions declare their length here.
    private func wantsLength() {
        declaresLength = true
        memory.remember(wantsLength: true, of: dialer)
    }

    /// An attempt has not opened in the time that it should have: the next begins beside it.
    private func late(_ transport: TransportKind) {
        // Perhaps the start of its response is held back.
        if transport.mayHavePrelude { asksPrelude = true }
        tryNext()
    }

    private func redialSoon() {
        guard redial == nil, attempts.isEmpty, !core.machine.isEnded else { return }
        if let limit = configuration.reconnectLimit, rounds >= limit { return giveUpLine() }
        rounds += 1
        let client = NIOLoopBound(self, eventLoop: core.eventLoop)
        redial = core.eventLoop.scheduleTask(in: backoff.next()) { client.value.beginRound() }
    }

    /// An attempt failed: the next transport is tried, unless the failure says that none would fare better.
    private func attemptFailed(_ reason: ConnectError, on transport: TransportKind) {
        if reason.kind == .status(411), transport == .duplex, !declaresLength {
            wantsLength()
            if dial(.duplex) { return }
        }
        if core.machine.isAttached, attempts.isEmpty, let next = promotionQueue.popFirst() {
            dial(next, prelude: true)
            return
        }
        // Where HTTP fails too, what is wrong with HTTP says more.
        if firstFailure == nil, transport != .tcp || !chooser.hasNext { firstFailure = reason }
        // What is wrong with a line says nothing of requests, and the other way round.
        if reason.isAboutEveryTransport, !isLine(transport) {
            if opened != nil, !attempts.values.contains(where: { $0.transport == .tcp }) { return fail(reason) }
        } else if tryNext() {
            return
        }
        guard attempts.isEmpty else { return }
        if opened != nil { return fail(firstFailure ?? reason) }
        if !core.machine.isAttached { redialSoon() }
    }

    private func giveUpLine() {
        let why = (firstFailure ?? lastFailure)?.description ?? "the line broke"
        let times = rounds == 1 ? "1 attempt" : "\(rounds) attempts"
        let reason = rounds == 0 ? why : "no line after \(times): \(why)"
        core.turn { $0.machine.giveUp(reason: reason) }
    }

    private func fail(_ error: ConnectError) {
        let promise = opened
        opened = nil
        stopTrying()
        promise?.fail(error)
        core.turn { $0.machine.abort(code: .done, reason: "never opened", now: .now()) }
    }

    private func stopTrying() {
        for timer in [redial, patience, promotion] { timer?.cancel() }
        redial = nil
        patience = nil
        promotion = nil
        attempts = [:]
    }

    // MARK: Promotion

    /// While a lesser transport carries the session, better ones are tried now and then, ever more seldom.
    private func promoteLater() {
        promotion?.cancel()
        promotion = nil
        guard let used, promotionWait > .zero, !chooser.better(than: used.transport, now: .now()).isEmpty else {
            return
        }
        let client = NIOLoopBound(self, eventLoop: core.eventLoop)
        if isOfferNew {
            isOfferNew = false
            promotion = core.eventLoop.scheduleTask(in: min(promotionWait, Self.offerPatience)) {
                client.value.promote()
            }
            return
        }
        promotion = core.eventLoop.scheduleTask(in: promotionWait) { client.value.promote() }
        promotionWait = min(promotionWait * 2, configuration.promotionInterval * 64)
    }

    private func promote() {
        promotion = nil
        if let used, attempts.isEmpty, core.machine.isAttached {
            promotionQueue = chooser.better(than: used.transport, now: .now())[...]
            if let best = promotionQueue.popFirst() {
                // Why a lesser transport is used is not known: the start of a response may be what is held back.
                dial(best, declaring: best == .duplex && promotionDeclares, prelude: true)
                if best == .duplex { promotionDeclares.toggle() }
            }
        }
        promoteLater()
    }

    /// The server says with OPENED where it takes bare TCP.
    private func takeOffer() {
        let key = dialer.endpoint.isSecure ? Parameter.secureTCPPort : Parameter.tcpPort
        let port = core.machine.offers.first { $0.key == key }.flatMap { DirectTCP($0.value) }?.port
        let offered = port.map { DirectTCP(port: $0) }
        memory.remember(offered: offered, by: dialer)
        guard configuration.directTCP == nil, dialer.endpoint.target.utf8.count <= Self.targetLimit, offered != direct
        else { return }
        direct = offered
        chooser.set(.tcp, isAbsent: offered == nil)
        isOfferNew = offered.map { !memory.isBlocked($0, of: dialer) } ?? false
    }

    // MARK: Events

    func pathOpened(_ path: UInt64, in core: SessionCore) {
        if let direct, attempts[path]?.transport == .tcp { memory.remember(blocked: direct, false, of: dialer) }
        attempts[path] = nil
        takeOffer()
        backoff = Backoff(resumeTime: core.machine.resumeTime)
        rounds = 0
    }

    private var numbers: (UInt64, UInt64) { (core.machine.inbox.received, core.machine.outbox.covered) }

    func pathUsed(_ path: UInt64, in core: SessionCore) {
        patience?.cancel()
        patience = nil
        let promise = opened
        opened = nil
        if let transport = core.machine.usedTransport {
            // Only another transport is a reason to wait longer for the next try of a better one.
            if used?.transport != transport { promotionWait = configuration.promotionInterval }
            used = (path, transport, .now(), numbers)
            chooser.used(transport)
            memory.remember(transport, of: dialer)
            if path == declaredPath, !declaresLength { wantsLength() }
            asksPrelude = core.machine.usedAsksPrelude
            promotionQueue = []
            configuration.onChange?(.connected(transport))
            promoteLater()
        }
        promise?.succeed(Session(core))
    }

    func pathClosed(_ path: UInt64, end: PathEnd, in core: SessionCore) {
        let attempt = attempts.removeValue(forKey: path)
        let failure = failures.removeValue(forKey: path)
        // What is still being connected is not waited for.
        attempt?.close()
        if let direct, attempt?.transport == .tcp, end != .ended { memory.remember(blocked: direct, true, of: dialer) }
        guard end != .replaced, end != .ended, !core.machine.isEnded else { return }
        if let used, used.path == path {
            let now = NIODeadline.now()
            if used.transport != .poll { learn(end) }
            chooser.died(used.transport, age: now - used.since, moved: used.numbers != numbers, now: now)
            self.used = nil
        }
        var reason = failure ?? Self.failure(end) ?? ConnectError(.unreachable, "the line broke")
        if end == .notOpened, attempt?.transport == .tcp, let direct {
            let place = dialer.direct(direct).endpoint.authority
            reason = ConnectError(.timedOut, "nothing came back from \(place): a firewall may drop what goes there")
        }
        lastFailure = reason
        configuration.logger.debug("path lost", metadata: ["path": "\(path)", "reason": "\(reason)"])
        if let attempt {
            if attempt.transport == .websocket, UpgradeRefusal.isLasting(reason) {
                memory.rememberWithoutWebSocket(dialer)
                chooser.set(.websocket, isAbsent: true)
            }
            return attemptFailed(reason, on: attempt.transport)
        }
        if !core.machine.isAttached { redialSoon() }
    }

    /// The path may cut idle lines: something goes more often then.
    private func learn(_ end: PathEnd) {
        let idle = core.machine.lastIdle
        guard
            idleCuts.lineEnded(
                end, unanswered: idle.unanswered, outlived: idle.outlived, heartbeat: core.machine.heartbeat)
        else { return }
        core.machine.keepAlive = idleCuts.interval
        memory.remember(keepAlive: idleCuts.interval, of: dialer)
        let interval = (idleCuts.interval?.nanoseconds ?? 0) / 1_000_000
        configuration.logger.debug("idle lines are cut", metadata: ["keep-alive": "\(interval) ms"])
    }

    /// Why the session gave a path up; nil where the transaction said so itself.
    private static func failure(_ end: PathEnd) -> ConnectError? {
        switch end {
        case .silent: ConnectError(.timedOut, "nothing was heard for two and a half heartbeats")
        case .stalled: ConnectError(.timedOut, "what was written was not read")
        case .notOpened: ConnectError(.timedOut, "no OPENED came in time: the path does not stream, or nobody answers")
        case .unreadable: ConnectError(.notLongwire, "what came was not frames")
        case .refused: ConnectError(.unreachable, "the server refused the transaction")
        case .denied(let code, let why):
            ConnectError(
                .refusedByServer(code), "the server refused the session: \(code)" + (why.isEmpty ? "" : ": \(why)"))
        case .cut, .replaced, .ended: nil
        }
    }

    func suspended(in core: SessionCore) {
        if configuration.reconnectLimit != 0 {
            configuration.onChange?(.reconnecting(lastFailure?.description ?? "the line broke"))
        }
        redialSoon()
    }

    func rotationDue(_ path: UInt64, in core: SessionCore) {
        if let transport = core.machine.usedTransport { dial(transport) }
    }

    func going(_ code: CloseCode, in core: SessionCore) {
        configuration.onChange?(.going(code))
        if configuration.keepsUnbegun { core.withdraw() }
        core.close(.done, reason: "")
    }

    func ended(_ ending: SessionEnding, in core: SessionCore) {
        stopTrying()
        let promise = opened
        opened = nil
        promise?.fail(Self.refusal(ending))
    }

    /// The session ended before it was open: the server refused it.
    private static func refusal(_ ending: SessionEnding) -> ConnectError {
        let why = ending.reason.isEmpty ? "\(ending.code)" : "\(ending.code): \(ending.reason)"
        if ending.code == .version {
            return ConnectError(.version, "no version of the protocol is spoken by both: \(why)")
        }
        if !ending.isRemote, ending.code == .protocolError {
            return ConnectError(.notLongwire, "what answered does not speak this protocol: \(ending.reason)")
        }
        return ConnectError(.refusedByServer(ending.code), "the server refused the session: \(why)")
    }

    func messagesReady(in core: SessionCore) {}
    func sendable(in core: SessionCore) {}

    /// A server that goes away takes nothing more: what was not begun is for the next one.
    func peerClosed(_ code: CloseCode, reason: String, in core: SessionCore) {
        guard configuration.keepsUnbegun, code == .goingAway else { return }
        core.withdraw()
        core.close(.done, reason: "")
    }
}

extension TransportKind {
    /// Whether the response streams in HTTP, so that somebody may hold its start back.
    fileprivate var mayHavePrelude: Bool { self == .duplex || self == .stream }
}

extension ClientSession: CarrierListener {
    func carrierConnected(_ path: UInt64, after time: TimeAmount) {
        guard let transport = attempts[path]?.transport, !core.machine.isAttached, chooser.hasNext else { return }
        patience?.cancel()
        let client = NIOLoopBound(self, eventLoop: core.eventLoop)
        patience = core.eventLoop.scheduleTask(in: TransportChooser.patience(connectTime: time)) {
            client.value.late(transport)
        }
    }

    func carrierLost(_ path: UInt64, _ reason: ConnectError) { failures[path] = reason }
}
