internal import NIOCore

/// The lines of one event loop that were opened with a token: they are cut when it is taken out of its file.
///
/// The session lives on: whoever has another token of the same name goes on with it, and nobody else does.
final class OpenLines {
    private struct Line {
        weak var exchange: (any HTTPExchange)?
        let proof: TokenProof
        /// What of the file was known when it was looked last.
        var revision: Int?
    }

    private let eventLoop: any EventLoop
    private var lines: [Line] = []
    private var isLooking = false

    /// How often it is looked whether files have changed, while there are lines.
    private static let interval = TimeAmount.seconds(1)

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// A transaction begins that may last.
    func watch(_ exchange: any HTTPExchange, _ proof: TokenProof) {
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

    /// Has files read that have changed, off the loop.
    private func look() {
        lines.removeAll { $0.exchange == nil }
        var files: [ObjectIdentifier: WatchedFile<TokenList?>] = [:]
        for line in lines { files[ObjectIdentifier(line.proof.file)] = line.proof.file }
        let this = NIOLoopBound(self, eventLoop: eventLoop)
        Task { @concurrent [eventLoop, files = Array(files.values)] in
            for file in files where file.current == nil { _ = await file.looked() }
            eventLoop.execute { this.value.compare() }
        }
    }

    /// Cuts the lines whose tokens are no longer there; a file that cannot be read says nothing of anybody.
    private func compare() {
        var known: [ObjectIdentifier: (entries: Set<TokenList.Entry>, revision: Int)] = [:]
        var cut: [any HTTPExchange] = []
        for index in lines.indices {
            let file = lines[index].proof.file
            let (list, revision) = file.last
            guard lines[index].revision != revision, let list else { continue }
            lines[index].revision = revision
            let key = ObjectIdentifier(file)
            if known[key]?.revision != revision { known[key] = (list.all, revision) }
            guard known[key]?.entries.contains(lines[index].proof.entry) == false else { continue }
            if let exchange = lines[index].exchange { cut.append(exchange) }
        }
        // Cutting one may end others.
        for exchange in cut { exchange.drop() }
        isLooking = false
        lookLater()
    }
}

extension Mount {
    /// A transaction that was let in begins to last, on its event loop: it is cut where that comes to be no longer so.
    func watch(_ exchange: any HTTPExchange, _ request: SessionRequest) {
        guard let proof = (rule(of: request.servlet) as? TokenAccess)?.proof(of: request) else { return }
        context(of: exchange.eventLoop).openLines.value.watch(exchange, proof)
    }
}
