internal import NIOCore

/// The lines of one event loop that were opened with something that may cease to count: they are cut when it does.
///
/// The session lives on: whoever is let in under the same name goes on with it, and nobody else does.
final class OpenLines {
    private struct Line {
        weak var exchange: (any HTTPExchange)?
        let proof: any AccessProof
    }

    private let eventLoop: any EventLoop
    private var lines: [Line] = []
    private var isLooking = false

    /// How often the lines are looked at, while there are some.
    private static let interval = TimeAmount.seconds(1)

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// A transaction begins that may last.
    func watch(_ exchange: any HTTPExchange, _ proof: any AccessProof) {
        lines.append(Line(exchange: exchange, proof: proof))
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

    /// Asks for every line, off the loop.
    private func look() {
        lines.removeAll { $0.exchange == nil }
        let this = NIOLoopBound(self, eventLoop: eventLoop)
        Task { @concurrent [eventLoop, proofs = lines.map(\.proof)] in
            var over: [Int] = []
            for (index, proof) in proofs.enumerated() where await !proof.counts() { over.append(index) }
            eventLoop.execute { [over] in this.value.cut(over) }
        }
    }

    /// Lines are only added while it is asked, so that their places are the same.
    private func cut(_ over: [Int]) {
        // Cutting one may end others.
        for exchange in over.map({ lines[$0].exchange }) { exchange?.drop() }
        isLooking = false
        lookLater()
    }
}

extension Mount {
    /// A transaction that was let in begins to last, on its event loop: it is cut where that comes to be no longer so.
    func watch(_ exchange: any HTTPExchange, _ request: SessionRequest) {
        guard let proof = request.proof else { return }
        context(of: exchange.eventLoop).openLines.value.watch(exchange, proof)
    }
}
