internal import HTTPTypes
internal import LongwireProtocol
internal import LongwireSession
internal import LongwireTransport
internal import NIOCore

/// One POST whose body and response carry frames at once: the transport `duplex`.
///
/// It belongs to nobody until OPEN came; then a ``DuplexCarrier`` takes its place, on the event loop of the session
/// and, where that is another one, through ``HoppingExchange``.
final class DuplexTransaction: HTTPExchangeReceiver {
    private enum State {
        case awaitingOpen(deadline: Scheduled<Void>)
        /// Answered: what still comes is dropped.
        case over
    }

    private let mount: Mount
    private let exchange: any HTTPExchange
    private let servlet: ServletKind
    private let request: SessionRequest
    private let isLoopbackTCP: Bool
    private var state = State.over
    private var decoder = FrameDecoder()
    private var bytesRead = 0

    init(
        mount: Mount, exchange: any HTTPExchange, servlet: ServletKind, request: SessionRequest, isLoopbackTCP: Bool
    ) {
        self.mount = mount
        self.exchange = exchange
        self.servlet = servlet
        self.request = request
        self.isLoopbackTCP = isLoopbackTCP
        let timeToOpen = mount.configuration.session.timeToOpen
        let transaction = NIOLoopBound(self, eventLoop: exchange.eventLoop)
        state = .awaitingOpen(
            deadline: exchange.eventLoop.scheduleTask(in: timeToOpen) { transaction.value.openIsLate() })
    }

    private func openIsLate() {
        guard case .awaitingOpen = state else { return }
        refuse(
            Problem(
                status: .requestTimeout, title: "No OPEN",
                detail:
                    "No OPEN frame came within \(mount.configuration.session.timeToOpen.nanoseconds / 1_000_000) ms."
            ))
    }

    private func refuse(_ problem: Problem) {
        endWaiting()
        problem.answer(exchange)
    }

    private func endWaiting() {
        if case .awaitingOpen(let deadline) = state { deadline.cancel() }
        state = .over
    }

    func bodyReceived(_ bytes: ByteBuffer) {
        switch state {
        case .over: return
        case .awaitingOpen:
            bytesRead += bytes.readableBytes
            decoder.append(bytes)
            do {
                guard let frame = try decoder.next() else { return }
                guard case .open(let open) = frame else {
                    return refuse(
                        Problem(
                            status: .badRequest, title: "No OPEN", detail: "The first frame must be OPEN."))
                }
                opened(open)
            } catch {
                refuse(Problem(status: .badRequest, title: "Not frames", detail: "\(error)."))
            }
        }
    }

    private func opened(_ open: OpenFrame) {
        endWaiting()
        guard open.transport == .duplex else {
            return abort(
                AbortFrame(
                    received: 0, code: .protocolError, reason: "this transaction is duplex, OPEN says otherwise"),
                identifier: open.identifier)
        }
        switch mount.admit(open, servlet: servlet, request: request, eventLoop: exchange.eventLoop) {
        case .refused(let abort): self.abort(abort, identifier: open.identifier)
        case .session(let handle): attach(open, to: handle)
        }
    }

    private func abort(_ frame: AbortFrame, identifier: SessionIdentifier?) {
        exchange.write(head: HTTPBinding.streamedResponse(session: identifier?.description ?? ""))
        var body = ByteBuffer()
        FrameEncoder.write(.abort(frame), to: &body)
        exchange.write(body: body)
        exchange.finish()
    }

    private func attach(_ open: OpenFrame, to handle: SessionHandle) {
        let session = mount.configuration.session
        let bytes = isLoopbackTCP ? session.allowanceBytesLoopback : session.allowanceBytes
        let pieces = isLoopbackTCP ? 0 : session.allowancePieces
        let attachment = DuplexCarrier.Attachment(
            open: open, decoder: decoder, bytesRead: bytesRead, allowanceBytes: bytes, allowancePieces: pieces)
        decoder = FrameDecoder()
        if handle.eventLoop === exchange.eventLoop {
            let carrier = DuplexCarrier(exchange: exchange, core: handle.core.value)
            exchange.receiver = carrier
            carrier.attach(attachment)
        } else {
            let far = HoppingExchange.hop(exchange, to: handle.eventLoop) { near in
                let carrier = DuplexCarrier(exchange: near, core: handle.core.value)
                near.receiver = carrier
                carrier.attach(attachment)
            }
            exchange.receiver = far
        }
    }

    func bodyEnded() {
        switch state {
        case .over: return
        case .awaitingOpen:
            refuse(Problem(status: .badRequest, title: "No OPEN", detail: "The body ended before an OPEN frame."))
        }
    }

    func readCompleted() {}
    func writabilityChanged() {}
    func closed() { endWaiting() }
}
