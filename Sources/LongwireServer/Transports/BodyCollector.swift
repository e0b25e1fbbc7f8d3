internal import HTTPTypes
internal import NIOCore

/// Collects the body of a request to its end, within a limit and while it keeps coming.
final class BodyCollector: HTTPExchangeReceiver {
    private let exchange: any HTTPExchange
    private let limit: Int
    private let patience: TimeAmount
    private let account: BodyAccount
    private var share: BodyAccount.Share
    private var whole: ((ByteBuffer) -> Void)?
    private var body = ByteBuffer()
    /// How often it may be looked whether anything comes: a body that drips must end, too.
    private static let patienceLimit = 8
    private var looks = 0
    /// The size when it was last looked whether anything comes.
    private var seen = 0
    private var idle: Scheduled<Void>?

    /// - Parameters:
    ///   - limit: the greatest body, in bytes; a greater one is answered 413.
    ///   - patience: how long nothing may come; after that it is 408.
    ///   - account: counts it where it does not come at once.
    ///   - whole: called with the body once it has come to its end; ``HTTPExchange/receiver`` is its own from then on.
    init(
        _ exchange: any HTTPExchange, limit: Int, patience: TimeAmount, account: BodyAccount,
        whole: @escaping (ByteBuffer) -> Void
    ) {
        self.exchange = exchange
        self.limit = limit
        self.patience = patience
        self.account = account
        share = BodyAccount.Share(of: account)
        self.whole = whole
    }

    private func watch() {
        let collector = NIOLoopBound(self, eventLoop: exchange.eventLoop)
        idle = exchange.eventLoop.scheduleTask(in: patience) { collector.value.patienceIsOver() }
    }

    private func patienceIsOver() {
        guard whole != nil else { return }
        looks += 1
        guard body.readableBytes > seen, looks < Self.patienceLimit else {
            return refuse(
                .requestTimeout, "Body incomplete",
                "The body was not whole after this long: it has \(body.readableBytes) bytes so far.")
        }
        seen = body.readableBytes
        watch()
    }

    private func refuse(_ status: HTTPResponse.Status, _ title: String, _ detail: String) {
        over()
        Problem(status: status, title: title, detail: detail).answer(exchange)
    }

    private func over() {
        idle?.cancel()
        idle = nil
        whole = nil
        share.release()
        body = ByteBuffer()
    }

    func bodyReceived(_ bytes: ByteBuffer) {
        guard whole != nil else { return }
        guard body.readableBytes + bytes.readableBytes <= limit else {
            return refuse(.contentTooLarge, "Too much at once", "A body may have \(limit) bytes; this one has more.")
        }
        if body.readableBytes == 0 { body = bytes } else { body.writeImmutableBuffer(bytes) }
    }

    func bodyEnded() {
        guard let whole else { return }
        let body = body
        over()
        whole(body)
    }

    func closed() { over() }

    /// Most bodies are whole by now, and need neither be counted nor watched.
    func readCompleted() {
        guard whole != nil else { return }
        guard share.grow(to: body.readableBytes) else {
            over()
            return account.problem.answer(exchange)
        }
        if idle == nil { watch() }
    }

    func writabilityChanged() {}
}
