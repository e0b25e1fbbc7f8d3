internal import LongwireProtocol
internal import LongwireSession
internal import LongwireTransport
internal import NIOCore

/// Carries one path of a session over one duplex transaction, on the session's event loop.
final class DuplexCarrier: PathCarrier, HTTPExchangeReceiver {
    /// What is handed over once OPEN has been read.
    struct Attachment: Sendable {
        var open: OpenFrame
        /// Whatever was read behind OPEN.
        var decoder: FrameDecoder
        var bytesRead: Int
        var allowanceBytes: Int
        var allowancePieces: Int
    }

    private let exchange: any HTTPExchange
    private let core: SessionCore
    private var decoder = FrameDecoder()
    private var path: UInt64 = 0
    /// Whether the session still knows this carrier.
    private var isCarrying = false
    private var isInRead = false

    init(exchange: any HTTPExchange, core: SessionCore) {
        self.exchange = exchange
        self.core = core
    }

    func attach(_ attachment: Attachment) {
        path = attachment.open.path
        decoder = attachment.decoder
        core.turn { core in
            core.machine.setAllowance(bytes: attachment.allowanceBytes, pieces: attachment.allowancePieces)
            let result = core.machine.attach(attachment.open, now: .now())
            exchange.write(head: HTTPBinding.streamedResponse(session: "\(core.machine.identifier)"))
            switch result {
            case .attached:
                isCarrying = true
                core.add(self, for: path)
                core.machine.bytesReceived(attachment.bytesRead, on: path, now: .now())
                decode()
            case .closeAtOnce: exchange.finish()
            case .refused(let code, let reason):
                var body = ByteBuffer()
                let abort = AbortFrame(received: core.machine.inbox.received, code: code, reason: reason)
                FrameEncoder.write(.abort(abort), to: &body)
                exchange.write(body: body)
                exchange.finish()
            }
        }
    }

    // MARK: From the exchange

    func received(_ bytes: ByteBuffer) {
        guard isCarrying else { return }
        isInRead = true
        core.machine.bytesReceived(bytes.readableBytes, on: path, now: .now())
        decoder.append(bytes)
        decode()
    }

    private func decode() {
        do {
            let now = NIODeadline.now()
            while isCarrying, let frame = try decoder.next() { core.machine.frameReceived(frame, on: path, now: now) }
            decoder.readCompleted()
        } catch {
            core.machine.inputUnreadable(on: path, reason: "\(error)", now: .now())
        }
    }

    func bodyReceived(_ bytes: ByteBuffer) { received(bytes) }

    func readCompleted() {
        guard isInRead else { return }
        isInRead = false
        core.turn { _ in }
    }

    func bodyEnded() {
        guard isCarrying else { return }
        core.turn { $0.machine.pathLost(path, now: .now()) }
    }

    func writabilityChanged() {
        guard isCarrying, exchange.isWritable else { return }
        core.turn { _ in }
    }

    func closed() {
        guard isCarrying else { return }
        isCarrying = false
        core.turn { core in
            core.forgetCarrier(of: path)
            core.machine.pathLost(path, now: .now())
        }
    }

    // MARK: From the session

    var isWritable: Bool { exchange.isWritable }

    func write(control: ByteBuffer, data: ByteBuffer?) {
        if control.readableBytes > 0 { exchange.write(body: control) }
        if let data { exchange.write(body: data) }
    }

    func flush() { exchange.flush() }

    func close() {
        guard isCarrying else { return }
        isCarrying = false
        exchange.finish()
    }
}
