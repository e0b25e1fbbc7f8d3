public import LongwireSession
public import NIOCore

/// An application behind a URL path, written as asynchronous code: one call a session.
///
/// ```swift
/// struct Greeter: Servlet {
///     func service(_ session: Session) async throws {
///         try await session.send("Hello")
///         for try await message in session.messages { try await session.send(message) }
///     }
/// }
/// ```
public protocol Servlet: Sendable {
    /// What it is, in a few words for the page at the mount; empty where there is nothing to say.
    var summary: String { get }

    /// Where ``service(_:)`` runs; the session's event loop unless it says otherwise.
    var runs: ServletExecution { get }

    /// What whoever opens its URL in a browser sees; nil for the mount's plain page.
    var page: ServletPage? { get }

    /// Whether a session may open; asked on an event loop before the client is answered, so it must not block.
    func accept(_ request: SessionRequest) -> Acceptance

    /// Serves one session, from the first use of a path on.
    ///
    /// Returning closes the session with ``CloseCode/done``. Throwing ``ServletFailure`` closes it with that code,
    /// throwing anything else with ``CloseCode/internalError``. The task is cancelled when the session ends.
    func service(_ session: Session) async throws

    /// The same, for a servlet that wants to know who asked; unless it says otherwise it calls ``service(_:)``.
    func service(_ session: Session, request: consuming SessionRequest) async throws

    /// How long ``service(_:)`` may go on after its session has ended: a server that drains waits for it so long.
    var endTime: TimeAmount { get }
}

extension Servlet {
    /// Nothing.
    public var summary: String { "" }

    /// The session's event loop.
    public var runs: ServletExecution { .onEventLoop }

    /// The mount's plain page.
    public var page: ServletPage? { nil }

    /// Accepts everything.
    public func accept(_ request: SessionRequest) -> Acceptance { .accepted }

    /// Serves without asking who asked.
    public func service(_ session: Session, request: consuming SessionRequest) async throws {
        // It is not needed while the session lasts.
        _ = consume request
        try await service(session)
    }

    /// One second.
    public var endTime: TimeAmount { .seconds(1) }
}

/// Where a servlet's code runs.
public enum ServletExecution: Sendable {
    /// On the session's event loop: the fastest, for code that never blocks.
    case onEventLoop
    /// On the default executor, for code that computes long or blocks.
    case anywhere
}
