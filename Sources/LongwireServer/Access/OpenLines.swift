internal import NIOCore

/// The lines of one event loop that were opened with something that may cease to count: they are cut when it does.
///
/// The session lives on: whoever is let in under the same name goes on with it, and nobody else does.
final class OpenLines {
    private final class Line {
        weak var exchange: (any HTTPExchange)?
        let proof: any AccessProof
        /// What there is no answer to yet.
        var question: Task<Void, Never>?

        init(_ exchange: any HTTPExchange, _ proof: any AccessProof) {
            self.exchange = exchange
            self.proof = proof
        }

        func answered(_ counts: Bool) {
            question = nil
            if !counts { exchange?.drop() }
        }
    }

    private let eventLoop: any EventLoop
    private var lines: [Line] = []
    private var isLooking = false

    /// How often the lines are looked at, while there are some.
    private static let interval = TimeAmount.seconds(1)

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// A transaction begins that may last.
    func watch(_ exchange: any HTTPExchange, _ proof: any AccessProof) {
        lines.append(Line(exchange, proof))
        lookLater()
    }

    /// How many are watched.
    var count: Int { lines.count }

    private func lookLater() {
        guard !isLooking, !lines.isEmpty else { return }
        isLooking = true
        let this = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: Self.interval) { this.value.look() }
    }

    private func look() {
        isLooking = false
        lines.removeAll { line in
            guard line.exchange == nil else { return false }
            line.question?.cancel()
            return true
        }
        for line in lines where line.question == nil { ask(line) }
        lookLater()
    }

    /// Each by itself, off the loop: an answer that takes its time, or never comes, holds up no other line's.
    private func ask(_ line: Line) {
        let bound = NIOLoopBound(line, eventLoop: eventLoop)
        line.question = Task { @concurrent [eventLoop, proof = line.proof] in
            let counts = await proof.counts()
            eventLoop.execute { bound.value.answered(counts) }
        }
    }
}

extension Mount {
    /// A transaction that was let in begins to last, on its event loop: it is cut where that comes to be no longer so.
    func watch(_ exchange: any HTTPExchange, _ request: SessionRequest) {
        guard let proof = request.proof else { return }
        context(of: exchange.eventLoop).openLines.value.watch(exchange, proof)
    }
}
