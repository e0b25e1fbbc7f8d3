internal import HTTPTypes
internal import LongwireProtocol
internal import LongwireSession
internal import LongwireTransport
internal import NIOCore

/// The whole of a finite request, on its way to its session: an uplink of `stream`, or a request of `poll`.
struct FiniteDelivery: Sendable {
    var open: OpenFrame
    /// What follows OPEN.
    var frames: ByteBuffer
    /// The size of the body, OPEN included.
    var bytesRead: Int

    /// Hands it over on the session's event loop.
    func attach(_ exchange: any HTTPExchange, to handle: SessionHandle) {
        if handle.eventLoop === exchange.eventLoop {
            deliver(exchange, to: handle.core.value)
        } else {
            exchange.receiver = HoppingExchange.hop(exchange, to: handle.eventLoop) { near in
                deliver(near, to: handle.core.value)
            }
        }
    }

    private func deliver(_ exchange: any HTTPExchange, to core: SessionCore) {
        core.turn { core in
            let now = NIODeadline.now()
            switch core.machine.attach(open, now: now) {
            case .closeAtOnce:
                if let abort = abort(core) { core.machine.abortReceivedAside(abort) }
                exchange.answer(ByteBuffer())
            case .refused(let code, let reason):
                let abort = AbortFrame(received: core.machine.inbox.received, code: code, reason: reason)
                exchange.answer(FrameEncoder.encoded(.abort(abort)))
            case .attached:
                core.machine.bytesReceived(bytesRead, on: open.path, now: now)
                guard take(from: core, now: now) else {
                    return Problem(
                        status: .badRequest, title: "Not frames",
                        detail: "The body is not frames; nothing of it counts."
                    ).answer(exchange)
                }
                let known = core.carriers[open.path]
                if open.transport == .poll {
                    (known as? PollCarrier ?? carrier(core)).hold(exchange, now: now)
                } else if let downlink = known as? StreamedCarrier {
                    downlink.answerSoon(exchange)
                } else {
                    exchange.answer(core.machine.uplinkAnswer(on: open.path, now: now))
                }
            }
        }
    }

    /// Takes the frames; those before an unreadable one count, as on a stream.
    private func take(from core: SessionCore, now: NIODeadline) -> Bool {
        var decoder = FrameDecoder(checksum: core.machine.checksum)
        decoder.append(frames)
        do {
            while let frame = try decoder.next() { core.machine.frameReceived(frame, on: open.path, now: now) }
            // A body that ends inside a frame was cut on its way, whatever its length says.
            guard !decoder.isInsideFrame else { throw FrameError.incomplete }
            return true
        } catch {
            core.machine.inputUnreadable(on: open.path, reason: "\(error)", now: now)
            return false
        }
    }

    /// The client's last word, where that is all it says.
    private func abort(_ core: SessionCore) -> AbortFrame? {
        var decoder = FrameDecoder(checksum: core.machine.checksum)
        decoder.append(frames)
        guard case .abort(let abort)? = try? decoder.next() else { return nil }
        return abort
    }

    private func carrier(_ core: SessionCore) -> PollCarrier {
        let carrier = PollCarrier(path: open.path, core: core)
        core.add(carrier, for: open.path)
        return carrier
    }
}
