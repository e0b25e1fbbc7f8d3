internal import LongwireProtocol
public import LongwireSession
public import NIOCore

/// Two ends of one session in memory: for tests of servlets and of whatever else holds a `Session`.
///
/// ```swift
/// let pair = try await SessionPair.open(on: group.next())
/// async let served: Void = MyServlet().service(pair.server)
/// try await pair.client.send("hello")
/// ```
///
/// Everything but the transaction is real: the rules, the windows, the back-pressure. ``cutLine()`` breaks the line, and
/// the client opens the next one by itself.
public struct SessionPair: Sendable {
    /// The client's end.
    public let client: Session
    /// The servlet's end.
    public let server: Session
    private let line: NIOLoopBound<MemoryLine>

    /// Opens a session between two ends on one event loop.
    ///
    /// - Throws: `ConfigurationError` for what cannot work.
    public static func open(
        on eventLoop: any EventLoop, configuration: SessionConfiguration = SessionConfiguration()
    ) async throws -> SessionPair {
        try configuration.validate()
        return try await eventLoop.submit {
            let line = MemoryLine(configuration: configuration, eventLoop: eventLoop)
            let pair = SessionPair(
                client: Session(line.client), server: Session(line.server),
                line: NIOLoopBound(line, eventLoop: eventLoop))
            line.open()
            return pair
        }.get()
    }

    /// Breaks the line in both directions at once, with all that is on it; the next one opens in the same loop turn.
    public func cutLine() async {
        let line = line
        try? await client.eventLoop.submit { line.value.cut() }.get()
    }
}
