public import LongwireSession
internal import NIOConcurrencyHelpers
public import NIOCore

/// A conversation that outlives its server's process: sessions with one servlet, one after the other.
///
/// When a server comes to its end (Docs/protocol.md, rule 14), the session ends in good order: what it had begun to
/// send arrives, and so does what the server still has to say. What was handed to ``send(_:)`` and not begun goes into
/// the next session, in order and once. To the servlet that is a new conversation, so the boundary stands among the
/// messages, in ``events``.
///
/// ```swift
/// let series = try await Longwire.follow("https://example.org/longwire/echo")
/// try await series.send("hello")
/// for try await event in series.events {
///     switch event {
///     case .began(let session): print("session \(session.identifier)")
///     case .message(let message): print(message.text)
///     case .ended(let ending): print(ending)
///     }
/// }
/// ```
///
/// It may be used from any task. All its sessions live on ``eventLoop``.
public final class SessionSeries: Sendable {
    /// What happens in a series.
    public enum Event: Sendable {
        /// A session is open: the first, or the next after one that a server ended. What was said before is unknown to
        /// the servlet of this one.
        case began(Session)
        /// A message of the session that began last.
        case message(Message)
        /// That session has ended, and how; nothing follows of it.
        case ended(SessionEnding)
    }

    /// The event loop that all sessions belong to.
    public let eventLoop: any EventLoop
    private let state: NIOLockedValueBox<State>
    private let opener: Opener

    /// Opens the next session, or says why there is none.
    struct Opener: Sendable {
        let open: @Sendable () async throws -> Session
        /// How long a next session is sought.
        let limit: TimeAmount
    }

    private enum Phase {
        case open
        /// The session was advised to come to its end, or has ended: senders wait for the next.
        case moving
        case over(SessionEnding)
    }

    private struct State {
        var session: Session
        var phase = Phase.open
        /// Whether the server of the present session advised to come to an end.
        var isAdvised = false
        var close: (code: CloseCode, reason: String)?
        var isAborted = false
        var failure: ConnectError?
        /// Sessions that no reader of events has come to yet.
        var unread: [Session]
        var changes: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var endings: [CheckedContinuation<SessionEnding, Never>] = []
    }

    /// How many sessions may wait for a reader of events before no next one is opened.
    private static let unreadLimit = 16

    init(first: Session, opener: Opener) {
        eventLoop = first.eventLoop
        self.opener = opener
        state = NIOLockedValueBox(State(session: first, unread: [first]))
        Task { await self.run() }
    }

    // MARK: The present session

    /// The session that is used now, or was used last.
    public var session: Session { state.withLockedValue { $0.session } }

    /// Why no next session could be opened, where that is how the series ended.
    public var failure: ConnectError? { state.withLockedValue { $0.failure } }

    /// What the present session looks like now.
    public var status: SessionStatus { get async { await session.status } }

    /// The server of the present session advises to come to an end.
    func advised() { state.withLockedValue { $0.isAdvised = true } }

    // MARK: Sending

    /// Sends a message: returns once it is taken for sending, by this session or the next.
    ///
    /// - Throws: ``SessionEnding`` when the series is over, ``SessionClosed`` after ``beginClose(_:reason:)``,
    ///   `CancellationError` when cancelled while waiting; then the message was not sent.
    public func send(_ message: Message) async throws {
        while true {
            let session: Session? = try state.withLockedValue { state in
                if case .over(let ending) = state.phase { throw ending }
                if state.close != nil { throw SessionClosed() }
                if case .moving = state.phase { return nil }
                return state.session
            }
            if let session {
                do { return try await session.send(message) } catch let error as CancellationError {
                    throw error
                } catch {
                    // It was not taken; whether there is a next session, or the series is over, follows at once.
                    try await changed { state in
                        if case .over = state.phase { return true }
                        return state.session !== session || state.close != nil
                    }
                }
            } else {
                try await changed { state in
                    if case .moving = state.phase { return state.close != nil }
                    return true
                }
            }
        }
    }

    /// Sends a text message; see ``send(_:)-(Message)``.
    public func send(_ text: String) async throws { try await send(Message(text)) }

    /// Sends a message of bytes; see ``send(_:)-(Message)``.
    public func send(_ bytes: ByteBuffer) async throws { try await send(Message(bytes)) }

    // MARK: Ending

    /// Ends the series: CLOSE follows everything that was sent before, in whichever session that goes.
    public func beginClose(_ code: CloseCode = .done, reason: String = "") {
        let session: Session? = state.withLockedValue { state in
            if state.close == nil { state.close = (code, reason) }
            if case .open = state.phase { return state.session }
            return nil
        }
        session?.beginClose(code, reason: reason)
        wake()
    }

    /// Ends the series as ``beginClose(_:reason:)`` does, and waits for its end.
    ///
    /// - Returns: how the last session ended.
    @discardableResult
    public func close(_ code: CloseCode = .done, reason: String = "") async -> SessionEnding {
        beginClose(code, reason: reason)
        return await ending
    }

    /// Ends the series at once; what was not acknowledged may be lost.
    public func abort(_ code: CloseCode, reason: String = "") {
        let session = state.withLockedValue { state in
            state.isAborted = true
            if state.close == nil { state.close = (code, reason) }
            return state.session
        }
        session.abort(code, reason: reason)
        wake()
    }

    /// Waits for the end of the last session: how it ended, with what no session took counted in.
    public var ending: SessionEnding {
        get async {
            await withCheckedContinuation { continuation in
                let ending = state.withLockedValue { state -> SessionEnding? in
                    if case .over(let ending) = state.phase { return ending }
                    state.endings.append(continuation)
                    return nil
                }
                if let ending { continuation.resume(returning: ending) }
            }
        }
    }

    // MARK: From one session to the next

    private func run() async {
        var session = self.session
        var left: [Message] = []
        while true {
            let ending = await session.ending
            left = await session.withdrawn + left
            guard mayFollow(ending, left: left), let next = await openNext() else {
                return finish(ending, left: left.count)
            }
            session = next
            // Who reads is told before anything of it can come.
            let isAborted = state.withLockedValue { state in
                state.session = next
                state.unread.append(next)
                return state.isAborted
            }
            if isAborted { next.abort(.done) }
            wake()
            var taken = 0
            while taken < left.count {
                do { try await next.send(left[taken]) } catch { break }
                taken += 1
            }
            left.removeFirst(taken)
            guard left.isEmpty else { continue }
            let close = state.withLockedValue { state in
                state.phase = .open
                return state.close
            }
            if let close { next.beginClose(close.code, reason: close.reason) }
            wake()
        }
    }

    /// Whether there is to be a next session; if so, senders wait for it from now on.
    private func mayFollow(_ ending: SessionEnding, left: [Message]) -> Bool {
        state.withLockedValue { state in
            // A servlet that ends with a word of its own has ended the conversation, whatever its server does.
            let isOwnWord = ending.kind == .closed && ending.isRemote && ending.code != .done
            let isGoing = ending.code == .goingAway || (state.isAdvised && !isOwnWord)
            guard isGoing, opener.limit > .zero, !state.isAborted, state.close == nil || !left.isEmpty else {
                return false
            }
            state.phase = .moving
            state.isAdvised = false
            return true
        }
    }

    private func openNext() async -> Session? {
        try? await changed { $0.unread.count < Self.unreadLimit || $0.isAborted }
        let deadline = NIODeadline.now() + opener.limit
        var backoff = Backoff(resumeTime: opener.limit)
        while true {
            do { return try await opener.open() } catch {
                let error = error as? ConnectError
                let isHopeless = error.map { !$0.mayPass } ?? true
                let pause = backoff.next()
                let isLate = NIODeadline.now() + pause >= deadline
                let isAborted = state.withLockedValue { state in
                    if isHopeless || isLate { state.failure = error }
                    return state.isAborted
                }
                guard !isHopeless, !isLate, !isAborted else { return nil }
                try? await eventLoop.scheduleTask(in: pause) {}.futureResult.get()
            }
        }
    }

    private func finish(_ ending: SessionEnding, left: Int) {
        var whole = ending
        whole.unacknowledged += UInt64(left)
        let waiting = state.withLockedValue { state in
            state.phase = .over(whole)
            defer { state.endings = [] }
            return state.endings
        }
        for continuation in waiting { continuation.resume(returning: whole) }
        wake()
    }

    // MARK: Waiting

    /// Waits until `condition` holds; whoever changes the state wakes all who wait.
    private func changed(_ condition: @Sendable (State) -> Bool) async throws {
        while true {
            try Task.checkCancellation()
            let id = WaiterNumber.next()
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isTrue = state.withLockedValue { state in
                        if condition(state) || Task.isCancelled { return true }
                        state.changes[id] = continuation
                        return false
                    }
                    if isTrue { continuation.resume() }
                }
            } onCancel: {
                state.withLockedValue { $0.changes.removeValue(forKey: id) }?.resume()
            }
            if state.withLockedValue({ condition($0) }) { return }
        }
    }

    private func wake() {
        let waiting = state.withLockedValue { state in
            defer { state.changes = [:] }
            return state.changes.values
        }
        for continuation in waiting { continuation.resume() }
    }

    /// The next session for a reader of events; nil when there will be none.
    func nextUnread() async throws -> Session? {
        try await changed { state in
            if case .over = state.phase { return true }
            return !state.unread.isEmpty
        }
        let next = state.withLockedValue { $0.unread.isEmpty ? nil : $0.unread.removeFirst() }
        wake()
        return next
    }
}
