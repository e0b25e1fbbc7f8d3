internal import LongwireProtocol
internal import LongwireSession
internal import Logging
internal import NIOCore

/// One session at the client: opens its paths, one after the other, for as long as the session lives.
final class ClientSession: SessionObserver {
    private let core: SessionCore
    private let dialer: Dialer
    private let configuration: ClientConfiguration
    private var opened: EventLoopPromise<Session>?
    private var backoff: Backoff
    /// The path being opened, and its carrier.
    private var dialing: (path: UInt64, carrier: DuplexClientCarrier)?
    private var redial: Scheduled<Void>?
    private var lastFailure: ConnectError?

    init(
        core: SessionCore, dialer: Dialer, configuration: ClientConfiguration, opened: EventLoopPromise<Session>
    ) {
        self.core = core
        self.dialer = dialer
        self.configuration = configuration
        self.opened = opened
        backoff = Backoff(resumeTime: core.machine.resumeTime)
    }

    func start() { dial() }

    /// The task that connects was cancelled.
    func giveUp() {
        guard opened != nil else { return }
        fail(ConnectError(.cancelled, "connecting was cancelled"))
    }

    // MARK: Paths

    private func dial() {
        redial = nil
        guard dialing == nil, let path = core.machine.openPath(.duplex, now: .now()) else { return }
        let head = dialer.head(session: core.machine.identifier.description, path: path)
        let carrier = DuplexClientCarrier(path: path, core: core, head: head, endpoint: dialer.endpoint) {
            [weak self] path, reason in self?.pathFailed(path, reason)
        }
        dialing = (path, carrier)
        let loop = core.eventLoop
        let client = NIOLoopBound(self, eventLoop: loop)
        let bound = NIOLoopBound(carrier, eventLoop: loop)
        dialer.connect(on: loop, handler: bound).whenComplete { client.value.dialled(path, carrier: bound, $0) }
    }

    private func dialled(
        _ path: UInt64, carrier: NIOLoopBound<DuplexClientCarrier>, _ result: Result<any Channel, any Error>
    ) {
        switch result {
        case .failure(let error):
            carrier.value.gone(DialFailure.describe(error, endpoint: dialer.endpoint))
        case .success(let channel):
            guard dialing?.path == path, !core.machine.isEnded else { return channel.close(promise: nil) }
            core.turn { $0.add(carrier.value, for: path) }
        }
    }

    /// A path's transaction came to its end; the session is told next.
    private func pathFailed(_ path: UInt64, _ reason: ConnectError) {
        if dialing?.path == path { dialing = nil }
        guard !core.machine.isEnded else { return }
        lastFailure = reason
        configuration.logger.debug("path lost", metadata: ["path": "\(path)", "reason": "\(reason)"])
        if opened != nil { fail(reason) }
    }

    private func redialSoon() {
        guard redial == nil, dialing == nil, !core.machine.isEnded else { return }
        var random = SystemRandomNumberGenerator()
        let client = NIOLoopBound(self, eventLoop: core.eventLoop)
        redial = core.eventLoop.scheduleTask(in: backoff.next(using: &random)) { client.value.dial() }
    }

    private func fail(_ error: ConnectError) {
        let promise = opened
        opened = nil
        redial?.cancel()
        promise?.fail(error)
        core.turn { $0.machine.abort(code: .done, reason: "never opened", now: .now()) }
    }

    // MARK: Events

    func pathOpened(_ path: UInt64, in core: SessionCore) {
        if dialing?.path == path { dialing = nil }
        backoff = Backoff(resumeTime: core.machine.resumeTime)
    }

    func pathUsed(_ path: UInt64, in core: SessionCore) {
        let promise = opened
        opened = nil
        if let transport = core.machine.usedTransport { configuration.onChange?(.connected(transport)) }
        promise?.succeed(Session(core))
    }

    func pathClosed(_ path: UInt64, end: PathEnd, in core: SessionCore) {
        if dialing?.path == path { dialing = nil }
        guard end != .replaced, end != .ended, !core.machine.isEnded else { return }
        if let failure = Self.failure(end) { lastFailure = failure }
        if opened != nil, let lastFailure { return fail(lastFailure) }
        if !core.machine.isAttached { redialSoon() }
    }

    /// Why the session gave a path up; nil where the transaction said so itself.
    private static func failure(_ end: PathEnd) -> ConnectError? {
        switch end {
        case .silent: ConnectError(.timedOut, "nothing was heard for two and a half heartbeats")
        case .stalled: ConnectError(.timedOut, "what was written was not read")
        case .notOpened: ConnectError(.timedOut, "no OPENED came in time: the path does not stream, or nobody answers")
        case .unreadable: ConnectError(.notLongwire, "what came was not frames")
        case .refused: ConnectError(.unreachable, "the server refused the transaction")
        case .cut, .replaced, .ended: nil
        }
    }

    func suspended(in core: SessionCore) {
        configuration.onChange?(.reconnecting(lastFailure?.description ?? "the line broke"))
        redialSoon()
    }

    func rotationDue(_ path: UInt64, in core: SessionCore) { dial() }

    func going(_ code: CloseCode, in core: SessionCore) {
        configuration.onChange?(.going(code))
        core.close(.done, reason: "")
    }

    func ended(_ ending: SessionEnding, in core: SessionCore) {
        redial?.cancel()
        redial = nil
        dialing = nil
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
        return ConnectError(.refusedByServer(ending.code), "the server refused the session: \(why)")
    }

    func messagesReady(in core: SessionCore) {}
    func sendable(in core: SessionCore) {}
    func peerClosed(_ code: CloseCode, reason: String, in core: SessionCore) {}
}
