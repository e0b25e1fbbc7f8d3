public import LongwireProtocol
public import NIOCore

/// One two-way conversation between a client and a servlet, at either end (Docs/protocol.md, "Words").
///
/// A session outlives the transactions that carry it: lines may break and be replaced beneath it, and nothing is lost
/// or doubled. It may be used from any task; it lives on ``eventLoop``, where its calls neither hop nor suspend
/// without need.
public final class Session: Sendable {
    /// The public name of the session.
    public let identifier: SessionIdentifier
    /// The event loop that the session belongs to.
    public var eventLoop: any EventLoop { core.eventLoop }
    /// At a server, who opened the session and alone may resume it; nil where nobody was asked.
    public var principal: String? { admission.principal }
    package let core: NIOLoopBound<SessionCore>
    package let admission: SessionAdmission
    let transits = SessionTransits()

    /// A session around its core; on the core's event loop.
    package init(_ core: SessionCore, admission: SessionAdmission = .none) {
        identifier = core.machine.identifier
        self.admission = admission
        self.core = NIOLoopBound(core, eventLoop: core.eventLoop)
        core.session = self
    }

    // MARK: Sending

    /// Sends a message: returns once it is taken for sending, and suspends while the send buffer is full.
    ///
    /// Messages arrived once and in the order of these calls, or the session's ending names what was not
    /// acknowledged. A message that was begun is finished, even if the task is cancelled.
    ///
    /// - Throws: ``SessionEnding`` when the session is over, ``SessionClosed`` after ``close(_:reason:)``,
    ///   `CancellationError` when cancelled while waiting; then the message was not sent.
    public func send(_ message: Message) async throws {
        // On the loop straight into the send queue, unless others wait before us.
        if eventLoop.inEventLoop, transits.hasNothingOutgoing, core.value.offer(message) { return }
        let outgoing = transits.outgoing
        switch try outgoing.offer(message) {
        case .takenFirst: return onLoop { $0.drainOutgoing() }
        case .taken: return
        case .full: break
        }
        let id = WaiterID.next()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if outgoing.wait(message, continuation, id: id) { onLoop { $0.drainOutgoing() } }
                // Cancelled before it waited, there was nobody to wake.
                if Task.isCancelled { outgoing.cancel(id) }
            }
        } onCancel: {
            outgoing.cancel(id)
        }
    }

    /// Sends a text message; see ``send(_:)-(Message)``.
    public func send(_ text: String) async throws { try await send(Message(text)) }

    /// Sends a message of bytes; see ``send(_:)-(Message)``.
    public func send(_ bytes: ByteBuffer) async throws { try await send(Message(bytes)) }

    /// Sends if there is room at once; never suspends.
    ///
    /// Call it on ``eventLoop`` only.
    ///
    /// - Returns: whether the message was taken; a fan-out skips or ends a member that has no room.
    public func offer(_ message: Message) -> Bool { core.value.offer(message) }

    // MARK: Receiving

    /// The messages that arrive, in order.
    ///
    /// It finishes at the other side's CLOSE and throws ``SessionEnding`` when the session is lost or aborted. One task
    /// at a time may iterate.
    ///
    /// Taking a message gives its credit back: who does not iterate stops the other side at the receive window.
    public var messages: SessionMessages { SessionMessages(session: self) }

    // MARK: Ending

    /// Sends the termination message after everything sent before, and waits for the session's end.
    ///
    /// Messages that the other side still sends stay available in ``messages`` until it closes too.
    ///
    /// - Returns: how the session ended.
    @discardableResult
    public func close(_ code: CloseCode = .done, reason: String = "") async -> SessionEnding {
        beginClose(code, reason: reason)
        return await ending
    }

    /// Sends the termination message and does not wait.
    public func beginClose(_ code: CloseCode = .done, reason: String = "") {
        transits.outgoing.close(SessionClosed())
        onLoop { $0.close(code, reason: reason) }
    }

    /// Ends the session at once, in both directions; what was not acknowledged may be lost.
    ///
    /// ``ending`` follows when the other side had the time to hear of it, 2 s at most.
    public func abort(_ code: CloseCode, reason: String = "") {
        onLoop { core in core.turn { $0.machine.abort(code: code, reason: reason, now: .now()) } }
    }

    /// Waits for the session's end.
    public var ending: SessionEnding {
        get async {
            await withCheckedContinuation { continuation in
                onLoop { core in
                    if core.isEndTold, let ending = core.ending {
                        continuation.resume(returning: ending)
                    } else {
                        core.mailbox.awaitEnd(continuation)
                    }
                }
            }
        }
    }

    /// Waits until the other side's CLOSE has come, whether or not the messages before it were taken, or until the
    /// session is over.
    package var peerClosing: Void {
        get async {
            await withCheckedContinuation { continuation in
                onLoop { core in
                    if core.ending != nil || core.machine.isPeerClosed {
                        continuation.resume()
                    } else {
                        core.mailbox.awaitClose(continuation)
                    }
                }
            }
        }
    }

    /// What the session looks like now.
    public var status: SessionStatus {
        get async {
            await withCheckedContinuation { continuation in
                onLoop { continuation.resume(returning: $0.status) }
            }
        }
    }

    /// Runs `body` on the event loop with the core: at once where the caller is there.
    package func onLoop(_ body: @escaping @Sendable (SessionCore) -> Void) {
        if eventLoop.inEventLoop {
            body(core.value)
        } else {
            eventLoop.execute { [core] in body(core.value) }
        }
    }
}
