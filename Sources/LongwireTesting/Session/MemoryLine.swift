internal import LongwireProtocol
internal import LongwireSession
internal import NIOCore

/// What joins the two cores of a ``SessionPair``: one path after the other, on one event loop.
final class MemoryLine {
    let client: SessionCore
    let server: SessionCore
    private let eventLoop: any EventLoop
    private let observer: MemoryObserver
    private var halves: [MemoryCarrier] = []

    init(configuration: SessionConfiguration, eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        var random = SystemRandomNumberGenerator()
        let identifier = SessionIdentifier.random(using: &random)
        let token = SessionToken.random(using: &random)
        let now = NIODeadline.now()
        let wheel = TimerWheel(eventLoop: eventLoop)
        client = SessionCore(
            machine: SessionMachine(
                role: .client, configuration: configuration, identifier: identifier, token: token, now: now),
            wheel: wheel)
        server = SessionCore(
            machine: SessionMachine(
                role: .server, configuration: configuration, identifier: identifier, token: token,
                instance: .random(using: &random), now: now),
            wheel: wheel)
        observer = MemoryObserver()
        client.observer = observer
        observer.line = self
    }

    /// Opens the next path when there is none, not even one that is being opened.
    func open() {
        guard client.carriers.isEmpty else { return }
        halves = MemoryCarrier.join(client: client, server: server) ?? []
    }

    /// Breaks the path that is open.
    func cut() {
        let halves = halves
        self.halves = []
        for half in halves { half.lost() }
    }
}

/// Opens the next path when the client has none.
final class MemoryObserver: SessionObserver {
    var line: MemoryLine?

    func suspended(in core: SessionCore) {}
    func ended(_ ending: SessionEnding, in core: SessionCore) { line = nil }
    func messagesReady(in core: SessionCore) {}
    func pathUsed(_ path: UInt64, in core: SessionCore) {}
    func pathOpened(_ path: UInt64, in core: SessionCore) {}
    /// One that broke before it had opened is followed by the next, too.
    func pathClosed(_ path: UInt64, end: PathEnd, in core: SessionCore) { line?.open() }
    func rotationDue(_ path: UInt64, in core: SessionCore) {}
    func sendable(in core: SessionCore) {}
    func peerClosed(_ code: CloseCode, reason: String, in core: SessionCore) {}
    func going(_ code: CloseCode, in core: SessionCore) {}
}
