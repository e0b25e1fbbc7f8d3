internal import LongwireProtocol
internal import LongwireSession
internal import LongwireTransport
internal import NIOCore
internal import NIOHTTP1

/// Drives the finite requests of one path: the uplinks of `stream`, or all of `poll`; on the session's event loop.
final class FiniteRequests {
    let path: UInt64
    private let isPoll: Bool
    private let core: SessionCore
    private let pool: RequestPool
    private let dialer: Dialer
    private let tap: FrameTap?
    /// Told of each failure; the path itself lives until the session gives it up.
    private let failed: (ConnectError) -> Void
    /// The head of every request, but for what each has of its own.
    private let template: HTTPRequestHead
    /// Those under way, by the numbers that the session knows them by.
    private var requests: [UInt64: RequestPool.Request] = [:]
    private var isOver = false
    private var moment: Scheduled<Void>?
    private var isMomentOver = false

    /// How long a request that would only acknowledge waits for messages to go with.
    private static let patience = TimeAmount.microseconds(250)

    /// - Parameter failed: told of each failure, before the session is.
    init(
        path: UInt64, isPoll: Bool, core: SessionCore, dialer: Dialer, tap: FrameTap? = nil,
        failed: @escaping (ConnectError) -> Void
    ) {
        self.path = path
        self.isPoll = isPoll
        self.core = core
        self.dialer = dialer
        self.tap = tap
        self.failed = failed
        template = dialer.head(.POST, session: core.machine.identifier, path: path, streams: false)
        pool = RequestPool(dialer: dialer, eventLoop: core.eventLoop)
    }

    /// Sends what is due.
    func exchange(now: NIODeadline) {
        guard !isOver else { return }
        if isMomentOver || !core.machine.isNextRequestBare(on: path, now: now) {
            while let bundle = core.machine.nextRequest(on: path, now: now) {
                moment?.cancel()
                moment = nil
                send(bundle)
            }
            isMomentOver = false
        } else {
            waitAMoment()
        }
        while let transaction = core.machine.nextDeadRequest(on: path) {
            // Not heard of for so long, its connection is of no use to others either.
            if let request = requests.removeValue(forKey: transaction) { pool.cancel(request) }
        }
    }

    /// The application often answers what has just come: one request takes both.
    private func waitAMoment() {
        guard moment == nil else { return }
        let requests = NIOLoopBound(self, eventLoop: core.eventLoop)
        moment = core.eventLoop.scheduleTask(in: Self.patience) {
            requests.value.moment = nil
            requests.value.isMomentOver = true
            requests.value.core.turn { _ in }
        }
    }

    private func send(_ bundle: SessionMachine.Bundle) {
        let transaction = bundle.transaction
        // The number tells the requests of one path apart, so that no cache answers.
        var head = template
        head.uri += ".\(transaction)"
        head.headers.add(name: "Content-Length", value: String(bundle.body.readableBytes))
        tap?.wrote(bundle.body, checksum: core.machine.checksum)
        requests[transaction] = pool.send(head, body: bundle.body) { [self] result in
            requests[transaction] = nil
            guard !isOver else { return }
            switch result {
            case .failure(let error): fail(transaction, error)
            case .success(let response): answered(transaction, response)
            }
        }
    }

    private func fail(_ transaction: UInt64, _ error: ConnectError) {
        failed(error)
        guard !isOver else { return }
        core.turn { $0.machine.requestFailed(transaction, on: path, now: .now()) }
    }

    private func answered(_ transaction: UInt64, _ response: FiniteResponse) {
        guard response.status == 200, HTTPBinding.isFrames(response.contentType) else {
            return fail(transaction, ForeignAnswer.describe(response, dialer: dialer))
        }
        guard response.body.readableBytes > 0 else {
            return fail(transaction, ConnectError(.unreachable, "the server answered with nothing"))
        }
        core.turn { core in
            let now = NIODeadline.now()
            // Answers to uplinks say nothing of the GET's life (rule 10).
            if isPoll { core.machine.bytesReceived(response.body.readableBytes, on: path, now: now) }
            var decoder = FrameDecoder()
            decoder.append(response.body)
            do {
                while true {
                    // OPENED may just have agreed on one.
                    decoder.checksum = core.machine.checksum
                    guard let frame = try decoder.next() else { break }
                    tap?.read(frame)
                    core.machine.frameReceived(frame, on: path, now: now)
                }
                guard !decoder.isInsideFrame else { throw FrameError.incomplete }
                core.machine.requestAnswered(transaction, on: path, now: now)
            } catch {
                core.machine.inputUnreadable(on: path, reason: "\(error)", now: now)
                core.machine.requestFailed(transaction, on: path, now: now)
            }
        }
    }

    /// The path is over: what was sent goes out, and no answer matters any more.
    func close() {
        isOver = true
        moment?.cancel()
        requests = [:]
        pool.closeWhenIdle()
    }

    /// The same; `heard` is called once all of it was answered, or there was time to.
    func closeAfterLastWord(_ heard: @escaping () -> Void) {
        isOver = true
        requests = [:]
        let word = LastWord(on: core.eventLoop, heard: heard)
        pool.closeWhenIdle { word.lineEnded() }
    }
}
