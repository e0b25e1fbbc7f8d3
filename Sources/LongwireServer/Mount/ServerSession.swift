internal import LongwireProtocol
internal import LongwireSession
internal import Logging
internal import NIOCore

/// One session at the server: starts its servlet, hands it messages, and sees to its end.
final class ServerSession: SessionObserver {
    private let mount: Mount
    private let servlet: ServletKind
    /// What the servlet is told when it starts; not kept beyond.
    private var request: SessionRequest?
    private let handle: SessionHandle
    /// Ends the session where it says nothing or lasts too long.
    private var term: SessionTerm?
    private var session: Session { handle.session }
    private var task: Task<Void, any Error>?
    /// The client's CLOSE, until everything before it was served (inline).
    @Seldom private var peerClose: (code: CloseCode, reason: String)?
    /// What is logged of the session, from its first path on.
    private var record: SessionRecord?
    private var isStarted = false

    init(mount: Mount, servlet: ServletKind, request: SessionRequest, handle: SessionHandle) {
        self.mount = mount
        self.servlet = servlet
        self.request = request
        self.handle = handle
    }

    /// A servlet starts when a path is first used (rule 5).
    func pathUsed(_ path: UInt64, in core: SessionCore) {
        guard !isStarted, request != nil else { return }
        isStarted = true
        term = SessionTerm(core, mount.configured { $0.limits })
        record = SessionRecord(core, handle, logger: mount.logger)
        switch servlet {
        case .inline(let servlet):
            guard let request = takeRequest() else { return }
            timed { servlet.opened(session, request: request) }
        case .task(let servlet): start(servlet)
        }
    }

    /// What the servlet is told when it starts: once.
    func takeRequest() -> SessionRequest? {
        defer { request = nil }
        return request
    }

    private func start(_ servlet: any Servlet) {
        mount.taskStarted()
        task = ServletRun(servlet: servlet, session: session, mount: mount, server: self).start()
    }

    func messagesReady(in core: SessionCore) {
        guard case .inline(let servlet) = servlet, isStarted else { return }
        var isEmpty = false
        // Everything that waits is one piece of work on the loop; what came before the end, even together with it, too.
        timed {
            while !isEmpty, core.machine.isEnded || core.machine.hasRoom {
                if let message = core.take() { servlet.received(message, in: session) } else { isEmpty = true }
            }
        }
        guard !isEmpty else { return closeIfPeerClosed(core) }
        // The servlet could not answer: the rest waits, and so, at its window, does the client.
        if !core.machine.isEnded { core.machine.waitForRoom() }
    }

    func sendable(in core: SessionCore) { messagesReady(in: core) }

    func peerClosed(_ code: CloseCode, reason: String, in core: SessionCore) {
        guard case .inline = servlet else { return }
        peerClose = (code, reason)
        // What came before it and waits for room in the send queue is served first.
        if !core.machine.inbox.hasMessage { closeIfPeerClosed(core) }
    }

    private func closeIfPeerClosed(_ core: SessionCore) {
        guard let close = peerClose, case .inline(let servlet) = servlet else { return }
        peerClose = nil
        if isStarted { timed { servlet.closed(close.code, reason: close.reason, in: session) } }
        core.finish(.done, reason: "")
    }

    func ended(_ ending: SessionEnding, in core: SessionCore) {
        mount.ended(core, ending, handle, wasUsed: isStarted)
        term?.cancel()
        term = nil
        task?.cancel()
        task = nil
        record?.ended(ending, core, handle, logger: mount.logger)
        if isStarted, case .inline(let servlet) = servlet { timed { servlet.ended(ending, of: session) } }
    }

    /// Runs a servlet's code on the loop, and says when it held the loop for long.
    ///
    /// - Parameter advice: what to do about it.
    func timed(_ advice: StaticString = "", _ body: () -> Void) {
        let start = NIODeadline.now()
        body()
        let held = NIODeadline.now() - start
        if held >= mount.slowServlet {
            mount.logger.warning(
                "a servlet held its event loop\(advice)",
                metadata: [
                    "servlet": "\(handle.servlet)", "session": "\(session.identifier)",
                    "milliseconds": .stringConvertible(held.nanoseconds / 1_000_000),
                ])
        }
    }

    func pathOpened(_ path: UInt64, in core: SessionCore) {}
    func pathClosed(_ path: UInt64, end: PathEnd, in core: SessionCore) {}
    func suspended(in core: SessionCore) {}
    func rotationDue(_ path: UInt64, in core: SessionCore) {}
    func going(_ code: CloseCode, in core: SessionCore) {}
}
