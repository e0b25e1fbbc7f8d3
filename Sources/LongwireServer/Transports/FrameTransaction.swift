internal import HTTPTypes
internal import LongwireProtocol
internal import LongwireSession
internal import LongwireTransport
internal import NIOCore

/// One transaction whose body begins with OPEN: a POST of `duplex`, an uplink of `stream`, a request of `poll`, or the
/// bare line of `websocket` and `tcp`.
///
/// It belongs to nobody until OPEN came. Then a ``StreamedCarrier`` takes its place, or the body is collected to its
/// end and handed over whole; on the event loop of the session and, where that is another one, through
/// ``HoppingExchange``.
final class FrameTransaction: HTTPExchangeReceiver, WheelMember {
    private enum State {
        case awaitingOpen(deadline: NIODeadline)
        /// OPEN came over a bare line, and it is found out who sent it.
        case asking(deadline: NIODeadline)
        /// Answered: what still comes is dropped.
        case over
    }

    /// How it is known which servlet is meant.
    enum Place {
        /// The URL of the request said it; nil where only sessions of before still have its name.
        case servlet(ServletKind?, SessionRequest)
        /// OPEN says it (transport `tcp`).
        case namedByOpen(ExchangeFacts)
    }

    private let mount: Mount
    private let exchange: any HTTPExchange
    private let place: Place
    private let isLoopbackTCP: Bool
    private let wheel: TimerWheel
    private var state = State.over
    private var decoder = FrameDecoder()
    private var bytesRead = 0
    var wheelPlace: WheelPlace?

    init(mount: Mount, exchange: any HTTPExchange, place: Place, isLoopbackTCP: Bool) {
        self.mount = mount
        self.exchange = exchange
        self.place = place
        self.isLoopbackTCP = isLoopbackTCP
        wheel = mount.context(of: exchange.eventLoop).wheel.value
        let deadline = exchange.eventLoop.now + mount.configured { $0.session.timeToOpen }
        state = .awaitingOpen(deadline: deadline)
        wheel.enter(self, at: deadline)
    }

    func wheelTurned(now: NIODeadline) {
        switch state {
        case .awaitingOpen(let deadline), .asking(let deadline):
            if now >= deadline { openIsLate() } else { wheel.enter(self, at: deadline) }
        case .over: break
        }
    }

    private func openIsLate() {
        if case .asking = state { return refuse(.serviceUnavailable, "Not now", "It is not known who asks.") }
        guard case .awaitingOpen = state else { return }
        let limit = mount.configured { $0.session.timeToOpen }.nanoseconds / 1_000_000
        refuse(.requestTimeout, "No OPEN", "No OPEN frame came within \(limit) ms.")
    }

    private func refuse(_ status: HTTPResponse.Status, _ title: String, _ detail: String) {
        endWaiting()
        // A bare line has no way to say it.
        guard exchange.line == nil else { return exchange.drop() }
        Problem(status: status, title: title, detail: detail).answer(exchange)
    }

    private func endWaiting() {
        switch state {
        case .awaitingOpen, .asking: wheel.leave(self)
        case .over: break
        }
        state = .over
    }

    // MARK: The body

    func bodyReceived(_ bytes: ByteBuffer) {
        bytesRead += bytes.readableBytes
        switch state {
        case .over: return
        case .asking:
            // Nothing may follow OPEN before it was answered.
            guard bytesRead <= Self.askingLimit else { return refuse(.badRequest, "Too early", "OPENED comes first.") }
            decoder.append(bytes)
        case .awaitingOpen:
            decoder.append(bytes)
            do {
                guard let frame = try decoder.next() else { return }
                guard case .open(let open) = frame else {
                    return refuse(.badRequest, "No OPEN", "The first frame must be OPEN.")
                }
                opened(open)
            } catch {
                refuse(.badRequest, "Not frames", "\(error).")
            }
        }
    }

    /// The most bytes of a bare line, OPEN and whatever was written too early.
    private static let askingLimit = 64 * 1024

    func bodyEnded() {
        switch state {
        case .over: return
        case .awaitingOpen, .asking: refuse(.badRequest, "No OPEN", "The body ended before an OPEN frame.")
        }
    }

    private func opened(_ open: OpenFrame) {
        let transports = exchange.line.map { [$0] } ?? [.duplex, .uplink, .poll]
        guard transports.contains(open.transport) else {
            endWaiting()
            let reason = "OPEN says \(open.transport); this is \(exchange.line.map { "\($0)" } ?? "a POST")"
            return abort(AbortFrame(received: 0, code: .protocolError, reason: reason), identifier: open.identifier)
        }
        if case .namedByOpen(let facts) = place { return ask(open, facts) }
        endWaiting()
        switch open.transport {
        // An uplink belongs to a session that is there, or to none: nothing is kept for one that is not.
        case .uplink: admit(open) { collect(open, for: $0) }
        case .poll: collect(open, for: nil)
        default:
            guard case .servlet(_, let request) = place else { return }
            admit(open) { attach(open, request, to: $0) }
        }
    }

    /// Finds out who opens a bare line, where that counts.
    private func ask(_ open: OpenFrame, _ facts: ExchangeFacts) {
        func value(_ key: String) -> String? { open.parameters.first { $0.key == key }?.value }
        let target = value(Parameter.target).flatMap {
            mount.servlet(at: $0, authorization: value(Parameter.authorization), facts: facts)
        }
        guard let (servlet, request) = target else {
            endWaiting()
            return abort(
                AbortFrame(received: 0, code: .noSuchServlet, reason: "OPEN names no servlet of this mount"),
                identifier: open.identifier)
        }
        guard let rule = mount.rule(of: request.servlet) else {
            endWaiting()
            return admit(open, servlet, request) { attach(open, request, to: $0) }
        }
        if case .awaitingOpen(let deadline) = state { state = .asking(deadline: deadline) }
        let transaction = NIOLoopBound(self, eventLoop: exchange.eventLoop)
        rule.judge(request).verdict(on: exchange.eventLoop) {
            transaction.value.asked(open, servlet, request, $0)
        }
    }

    private func asked(
        _ open: OpenFrame, _ servlet: ServletKind?, _ request: SessionRequest, _ verdict: AccessVerdict
    ) {
        guard case .asking = state else { return }
        endWaiting()
        switch mount.admit(verdict, request) {
        case .admitted(let request): admit(open, servlet, request) { attach(open, request, to: $0) }
        case .denied(let denial):
            abort(
                AbortFrame(received: 0, code: denial.code, reason: denial.sentence), identifier: open.identifier)
        }
    }

    private func admit(_ open: OpenFrame, _ body: (SessionHandle) -> Void) {
        guard case .servlet(let servlet, let request) = place else { return }
        admit(open, servlet, request, body)
    }

    private func admit(
        _ open: OpenFrame, _ servlet: ServletKind?, _ request: SessionRequest, _ body: (SessionHandle) -> Void
    ) {
        switch mount.admit(open, servlet: servlet, request: request, eventLoop: exchange.eventLoop) {
        case .limited(let refusal):
            abort(refusal.abort, identifier: open.identifier, isFinite: open.transport.isFiniteUp)
        case .refused(let abort):
            self.abort(abort, identifier: open.identifier, isFinite: open.transport.isFiniteUp)
        case .noServlet:
            guard exchange.line != nil else { return mount.noSuchServlet(request.servlet).answer(exchange) }
            let reason = "nothing is mounted at \(mount.configuration.path)/\(request.servlet)"
            abort(AbortFrame(received: 0, code: .noSuchServlet, reason: reason), identifier: open.identifier)
        case .session(let handle): body(handle)
        }
    }

    private func abort(_ frame: AbortFrame, identifier: SessionIdentifier?, isFinite: Bool = false) {
        let body = FrameEncoder.encoded(.abort(frame))
        guard !isFinite else { return exchange.answer(body) }
        // Where the body may go on, what answers it streams.
        exchange.write(head: HTTPBinding.streamedResponse(session: identifier?.description ?? ""))
        exchange.write(body: body)
        exchange.finish()
    }

    // MARK: Streams

    private func attach(_ open: OpenFrame, _ request: SessionRequest, to handle: SessionHandle) {
        mount.watch(exchange, request)
        let configuration = mount.configured { $0.session }
        let bytes = isLoopbackTCP ? configuration.allowanceBytesLoopback : configuration.allowanceBytes
        let pieces = isLoopbackTCP ? 0 : configuration.allowancePieces
        let attachment = StreamedCarrier.Attachment(
            open: open, decoder: decoder, bytesRead: bytesRead,
            allowance: open.transport == .duplex ? (bytes, pieces) : nil)
        decoder = FrameDecoder()
        StreamedCarrier.attach(attachment, exchange, to: handle)
    }

    // MARK: Finite requests

    /// More than a client that keeps to its credit ever sends in one request.
    private var bodyLimit: Int { mount.greatestWindow + 4 * (FrameLimits.value + 64) }

    /// Waits for the rest of the body; what came of one that stays incomplete is taken when it comes again.
    private func collect(_ open: OpenFrame, for handle: SessionHandle?) {
        let before = bytesRead
        let rest = decoder.takeRest()
        let size = before - rest.readableBytes
        let collector = BodyCollector(
            exchange, limit: bodyLimit, patience: mount.configured { $0.session.heartbeat }, account: mount.bodies
        ) { [self] frames in
            let delivery = FiniteDelivery(open: open, frames: frames, bytesRead: size + frames.readableBytes)
            guard let handle else { return admit(open) { delivery.attach(exchange, to: $0) } }
            delivery.attach(exchange, to: handle)
        }
        exchange.receiver = collector
        collector.bodyReceived(rest)
    }

    func readCompleted() {}
    func writabilityChanged() {}
    func closed() { endWaiting() }
}
