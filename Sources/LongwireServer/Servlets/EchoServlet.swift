public import LongwireSession

/// Sends every message back, in its kind.
public struct EchoServlet: InlineServlet {
    /// An echo.
    public init() {}

    /// Sends the message back.
    public func received(_ message: Message, in session: Session) { _ = session.offer(message) }
}
