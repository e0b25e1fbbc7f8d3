internal import LongwireProtocol
internal import LongwireSession
internal import NIOCore

/// Carries one path of a session over a succession of requests with finite bodies, of which it holds a few: the
/// transport `poll` (Docs/protocol.md, "HTTP binding"); on the session's event loop.
final class PollCarrier: PathCarrier {
    private let path: UInt64
    private let core: SessionCore
    /// Requests whose answers are not due yet.
    private var held: [UInt64: any HTTPExchange] = [:]
    private var requests: UInt64 = 0
    private var isOver = false

    init(path: UInt64, core: SessionCore) {
        self.path = path
        self.core = core
    }

    /// Keeps a request, whose body was taken, until its answer is due.
    func hold(_ exchange: any HTTPExchange, now: NIODeadline) {
        guard !isOver else { return exchange.answer(ByteBuffer()) }
        requests += 1
        held[requests] = exchange
        exchange.receiver = HeldRequest(requests, carrier: self)
        core.machine.requestHeld(requests, on: path, now: now)
    }

    /// Whoever sent a request no longer waits for its answer.
    fileprivate func lost(_ request: UInt64) {
        guard held.removeValue(forKey: request) != nil, !isOver else { return }
        core.turn { $0.machine.requestLost(request, on: path, now: .now()) }
    }

    func exchange(_ core: SessionCore, now: NIODeadline) {
        while let bundle = core.machine.nextAnswer(on: path, now: now) {
            held.removeValue(forKey: bundle.transaction)?.answer(bundle.body)
        }
    }

    /// Nothing streams here.
    var isWritable: Bool { true }
    func write(control: ByteBuffer, data: ByteBuffer?) {}
    func flush() {}

    func close() {
        guard !isOver else { return }
        isOver = true
        let left = held
        held = [:]
        for request in left.values { request.answer(ByteBuffer()) }
    }
}

/// One request that a ``PollCarrier`` holds.
private final class HeldRequest: HTTPExchangeReceiver {
    private let request: UInt64
    private let carrier: PollCarrier

    init(_ request: UInt64, carrier: PollCarrier) {
        self.request = request
        self.carrier = carrier
    }

    func bodyReceived(_ bytes: ByteBuffer) {}
    func bodyEnded() {}
    func readCompleted() {}
    func writabilityChanged() {}
    func closed() { carrier.lost(request) }
}
