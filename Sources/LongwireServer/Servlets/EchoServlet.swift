public import LongwireSession

/// Sends every message back, in its kind.
public struct EchoServlet: InlineServlet {
    /// An echo.
    public init() {}

    /// What it is, in a few words.
    public var summary: String { "sends every message back" }

    /// Sends the message back.
    public func received(_ message: Message, in session: Session) { _ = session.offer(message) }
}
