internal import HTTPTypes
internal import NIOCore

/// Keeps what comes of a request's body while it is found out who sends it.
final class PendingRequest: HTTPExchangeReceiver {
    private let exchange: any HTTPExchange
    private let limit: Int
    private let account: BodyAccount
    private var share: BodyAccount.Share
    private let settled: (AccessVerdict) -> Void
    private var body = ByteBuffer()
    private var hasEnded = false
    private var deadline: Scheduled<Void>?
    /// Whether it is not decided, and somebody still waits.
    private var isOpen = true

    /// - Parameters:
    ///   - limit: the most bytes that are kept.
    ///   - account: counts them.
    ///   - patience: how long it may take to find out.
    ///   - settled: told of the verdict, once; not where the transaction has ended before.
    init(
        _ exchange: any HTTPExchange, limit: Int, account: BodyAccount, patience: TimeAmount,
        settled: @escaping (AccessVerdict) -> Void
    ) {
        self.exchange = exchange
        self.limit = limit
        self.account = account
        share = BodyAccount.Share(of: account)
        self.settled = settled
        let pending = NIOLoopBound(self, eventLoop: exchange.eventLoop)
        deadline = exchange.eventLoop.scheduleTask(in: patience) {
            pending.value.settle(.unavailable("it took too long to find out who asks"))
        }
    }

    /// It is decided: whoever serves the transaction from now on gets what came meanwhile.
    func settle(_ verdict: AccessVerdict) {
        guard isOpen else { return }
        over()
        settled(verdict)
        guard let receiver = exchange.receiver, receiver !== self else { return }
        if body.readableBytes > 0 { receiver.bodyReceived(body) }
        if hasEnded { exchange.receiver?.bodyEnded() }
        exchange.receiver?.readCompleted()
    }

    private func over() {
        isOpen = false
        share.release()
        deadline?.cancel()
        deadline = nil
    }

    func bodyReceived(_ bytes: ByteBuffer) {
        guard isOpen else { return }
        guard body.readableBytes + bytes.readableBytes <= limit else {
            over()
            return Problem(
                status: .contentTooLarge, title: "Too much at once", detail: "A body may have \(limit) bytes here."
            ).answer(exchange)
        }
        if body.readableBytes == 0 { body = bytes } else { body.writeImmutableBuffer(bytes) }
        guard share.grow(to: body.readableBytes) else {
            over()
            return account.problem.answer(exchange)
        }
    }

    func bodyEnded() { hasEnded = true }
    func closed() { over() }
    func readCompleted() {}
    func writabilityChanged() {}
}
