internal import LongwireProtocol
internal import LongwireSession
internal import LongwireTransport
internal import NIOCore

/// Carries one path of a session over one response that streams, on the session's event loop.
///
/// On `stream` the request has no body, and the client's frames come in uplinks; elsewhere the body brings them.
final class StreamedCarrier: PathCarrier, HTTPExchangeReceiver {
    /// What is handed over once OPEN has been read.
    struct Attachment: Sendable {
        var open: OpenFrame
        /// Whatever was read behind OPEN.
        var decoder = FrameDecoder()
        var bytesRead = 0
        /// What the client may have unread, where the body brings frames.
        var allowance: (bytes: Int, pieces: Int)?
    }

    private let exchange: any HTTPExchange
    private let core: SessionCore
    private var path: UInt64 = 0
    /// Uplinks that were read, and are answered at the end of this turn.
    private var uplinks: [any HTTPExchange] = []
    // Small ones stand together: alone, each takes a word.
    private var decoder = FrameDecoder()
    /// Whether the session still knows this carrier.
    private var isCarrying = false
    /// Whether the head of the response waits for the first piece of the body.
    private var owesHead = true
    private var isInRead = false
    /// Whether the end of the body is the end of the line.
    private var hasBody = false

    private init(exchange: any HTTPExchange, core: SessionCore) {
        self.exchange = exchange
        self.core = core
    }

    /// Gives a transaction to its session, on the session's event loop.
    static func attach(_ attachment: Attachment, _ exchange: any HTTPExchange, to handle: SessionHandle) {
        if handle.eventLoop === exchange.eventLoop {
            let carrier = StreamedCarrier(exchange: exchange, core: handle.core.value)
            exchange.receiver = carrier
            carrier.attach(attachment)
        } else {
            exchange.receiver = HoppingExchange.hop(exchange, to: handle.eventLoop) { near in
                let carrier = StreamedCarrier(exchange: near, core: handle.core.value)
                near.receiver = carrier
                carrier.attach(attachment)
            }
        }
    }

    private func attach(_ attachment: Attachment) {
        path = attachment.open.path
        decoder = attachment.decoder
        decoder.checksum = core.machine.checksum
        hasBody = attachment.open.transport != .stream
        core.turn { core in
            if let allowance = attachment.allowance {
                core.machine.setAllowance(bytes: allowance.bytes, pieces: allowance.pieces)
            }
            let result = core.machine.attach(attachment.open, now: .now())
            switch result {
            case .attached:
                isCarrying = true
                core.add(self, for: path)
                guard hasBody else { return }
                let now = NIODeadline.now()
                core.machine.bytesReceived(attachment.bytesRead, on: path, now: now)
                decode(now: now)
            case .closeAtOnce:
                begin()
                exchange.finish()
            case .refused(let code, let reason):
                begin()
                let abort = AbortFrame(received: core.machine.inbox.received, code: code, reason: reason)
                exchange.write(body: FrameEncoder.encoded(.abort(abort)))
                exchange.finish()
            }
        }
    }

    // MARK: From the exchange

    func bodyReceived(_ bytes: ByteBuffer) {
        guard isCarrying, hasBody else { return }
        isInRead = true
        let now = NIODeadline.now()
        core.machine.bytesReceived(bytes.readableBytes, on: path, now: now)
        decoder.append(bytes)
        decode(now: now)
    }

    private func decode(now: NIODeadline) {
        do {
            while isCarrying {
                if let message = decoder.nextMessage() {
                    core.machine.messageReceived(message, on: path, now: now)
                } else if let frame = try decoder.next() {
                    core.machine.frameReceived(frame, on: path, now: now)
                } else {
                    break
                }
            }
            decoder.readCompleted()
        } catch {
            core.machine.inputUnreadable(on: path, reason: "\(error)", now: now)
        }
    }

    func readCompleted() {
        guard isInRead else { return }
        isInRead = false
        core.turn { _ in }
    }

    func bodyEnded() {
        guard isCarrying, hasBody else { return }
        core.turn { $0.machine.pathLost(path, now: .now()) }
    }

    func writabilityChanged() {
        guard isCarrying, exchange.isWritable else { return }
        core.turn { _ in }
    }

    func closed() {
        guard isCarrying else { return }
        isCarrying = false
        answerUplinks(now: .now())
        core.turn { core in
            core.forgetCarrier(of: path)
            core.machine.pathLost(path, now: .now())
        }
    }

    // MARK: From the session

    var isWritable: Bool { exchange.isWritable }

    private func begin() {
        guard owesHead else { return }
        owesHead = false
        exchange.begin(session: core.machine.identifier)
    }

    func write(control: ByteBuffer, data: ByteBuffer?) {
        begin()
        if control.readableBytes > 0 { exchange.write(body: control) }
        if let data { exchange.write(body: data) }
    }

    var headroom: Int { exchange.headroom }
    func write(reserved bytes: inout ByteBuffer) {
        guard owesHead else { return exchange.write(reserved: &bytes) }
        owesHead = false
        exchange.begin(session: core.machine.identifier, reserved: &bytes)
    }

    func flush() { exchange.flush() }

    // MARK: Uplinks

    /// Answers an uplink of this path once the servlet, which often says something to it, had its turn.
    func answerSoon(_ uplink: any HTTPExchange) { uplinks.append(uplink) }

    func exchange(_ core: SessionCore, now: NIODeadline) {
        guard !uplinks.isEmpty, core.machine.uplinkAnswerTakesData(on: path) else { return }
        uplinks.removeFirst().answer(core.machine.uplinkAnswer(on: path, now: now))
    }

    /// What the servlet says went down first: somebody may wait for that, and nobody for an answer without it.
    func settled(_ core: SessionCore, now: NIODeadline) { answerUplinks(now: now) }

    private func answerUplinks(now: NIODeadline) {
        guard !uplinks.isEmpty else { return }
        let answered = uplinks
        uplinks = []
        for uplink in answered { uplink.answer(core.machine.uplinkAnswer(on: path, now: now)) }
    }

    func close() {
        guard isCarrying else { return }
        isCarrying = false
        begin()
        answerUplinks(now: .now())
        exchange.finish()
    }
}
