internal import HTTPTypes
internal import LongwireProtocol
internal import LongwireSession
internal import LongwireTransport
internal import NIOCore

/// One POST whose body begins with OPEN: the transport `duplex`, an uplink of `stream`, or a request of `poll`.
///
/// It belongs to nobody until OPEN came. Then a ``StreamedCarrier`` takes its place, or the body is collected to its
/// end and handed over whole; on the event loop of the session and, where that is another one, through
/// ``HoppingExchange``.
final class FrameTransaction: HTTPExchangeReceiver {
    private enum State {
        case awaitingOpen(deadline: Scheduled<Void>)
        /// Answered: what still comes is dropped.
        case over
    }

    private let mount: Mount
    private let exchange: any HTTPExchange
    /// Nil where only sessions of before still have its name.
    private let servlet: ServletKind?
    private let request: SessionRequest
    private let isLoopbackTCP: Bool
    private var state = State.over
    private var decoder = FrameDecoder()
    private var bytesRead = 0

    init(
        mount: Mount, exchange: any HTTPExchange, servlet: ServletKind?, request: SessionRequest, isLoopbackTCP: Bool
    ) {
        self.mount = mount
        self.exchange = exchange
        self.servlet = servlet
        self.request = request
        self.isLoopbackTCP = isLoopbackTCP
        let timeToOpen = configuration.timeToOpen
        let transaction = NIOLoopBound(self, eventLoop: exchange.eventLoop)
        state = .awaitingOpen(
            deadline: exchange.eventLoop.scheduleTask(in: timeToOpen) { transaction.value.openIsLate() })
    }

    private var configuration: SessionConfiguration { mount.configuration.session }

    private func openIsLate() {
        guard case .awaitingOpen = state else { return }
        let limit = configuration.timeToOpen.nanoseconds / 1_000_000
        refuse(.requestTimeout, "No OPEN", "No OPEN frame came within \(limit) ms.")
    }

    private func refuse(_ status: HTTPResponse.Status, _ title: String, _ detail: String) {
        endWaiting()
        Problem(status: status, title: title, detail: detail).answer(exchange)
    }

    private func endWaiting() {
        if case .awaitingOpen(let deadline) = state { deadline.cancel() }
        state = .over
    }

    // MARK: The body

    func bodyReceived(_ bytes: ByteBuffer) {
        bytesRead += bytes.readableBytes
        switch state {
        case .over: return
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

    func bodyEnded() {
        switch state {
        case .over: return
        case .awaitingOpen: refuse(.badRequest, "No OPEN", "The body ended before an OPEN frame.")
        }
    }

    private func opened(_ open: OpenFrame) {
        endWaiting()
        switch open.transport {
        case .duplex: admit(open) { attach(open, to: $0) }
        case .uplink, .poll: collect(open)
        case .stream, .tcp, .websocket:
            abort(
                AbortFrame(
                    received: 0, code: .protocolError, reason: "no POST opens the transport \(open.transport)"),
                identifier: open.identifier)
        }
    }

    private func admit(_ open: OpenFrame, _ body: (SessionHandle) -> Void) {
        switch mount.admit(open, servlet: servlet, request: request, eventLoop: exchange.eventLoop) {
        case .refused(let abort):
            self.abort(abort, identifier: open.identifier, isFinite: open.transport.isFiniteUp)
        case .noServlet: mount.noSuchServlet(request.servlet).answer(exchange)
        case .session(let handle): body(handle)
        }
    }

    private func abort(_ frame: AbortFrame, identifier: SessionIdentifier?, isFinite: Bool = false) {
        let body = FrameEncoder.encoded(.abort(frame))
        let session = identifier?.description ?? ""
        // Where the body may go on, what answers it streams.
        exchange.write(
            head: isFinite
                ? HTTPBinding.finiteResponse(session: session, length: body.readableBytes)
                : HTTPBinding.streamedResponse(session: session))
        exchange.write(body: body)
        exchange.finish()
    }

    // MARK: duplex

    private func attach(_ open: OpenFrame, to handle: SessionHandle) {
        let bytes = isLoopbackTCP ? configuration.allowanceBytesLoopback : configuration.allowanceBytes
        let pieces = isLoopbackTCP ? 0 : configuration.allowancePieces
        let attachment = StreamedCarrier.Attachment(
            open: open, decoder: decoder, bytesRead: bytesRead, allowance: (bytes, pieces))
        decoder = FrameDecoder()
        StreamedCarrier.attach(attachment, exchange, to: handle)
    }

    // MARK: Finite requests

    /// More than a client that keeps to its credit ever sends in one request.
    private var bodyLimit: Int { mount.greatestWindow + 4 * (FrameLimits.value + 64) }

    /// Waits for the rest of the body; what came of one that stays incomplete is taken when it comes again.
    private func collect(_ open: OpenFrame) {
        let before = bytesRead
        let rest = decoder.takeRest()
        let size = before - rest.readableBytes
        let collector = BodyCollector(exchange, limit: bodyLimit, patience: configuration.heartbeat) { [self] frames in
            let delivery = FiniteDelivery(open: open, frames: frames, bytesRead: size + frames.readableBytes)
            admit(open) { delivery.attach(exchange, to: $0) }
        }
        exchange.receiver = collector
        collector.bodyReceived(rest)
    }

    func readCompleted() {}
    func writabilityChanged() {}
    func closed() { endWaiting() }
}
