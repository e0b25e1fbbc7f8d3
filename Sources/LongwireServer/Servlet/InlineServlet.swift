public import LongwireSession

/// An application behind a URL path, called on the session's event loop: for whoever counts microseconds.
///
/// No call may block. A session's messages wait while its send buffer has no room, so that a servlet that offers one
/// answer a message is never refused.
public protocol InlineServlet: Sendable {
    /// What it is, in a few words for the page at the mount; empty where there is nothing to say.
    var summary: String { get }
    /// What whoever opens its URL in a browser sees; nil for the mount's plain page.
    var page: ServletPage? { get }
    /// Whether a session may open; asked before the client is answered.
    func accept(_ request: SessionRequest) -> Acceptance
    /// The session is open: ``Session/offer(_:)`` works from here on.
    func opened(_ session: Session, request: SessionRequest)
    /// A message arrived.
    func received(_ message: Message, in session: Session)
    /// The client closed; the session is closed in answer when this returns.
    func closed(_ code: CloseCode, reason: String, in session: Session)
    /// The session is over.
    func ended(_ ending: SessionEnding, of session: Session)
}

extension InlineServlet {
    /// Nothing.
    public var summary: String { "" }
    /// The mount's plain page.
    public var page: ServletPage? { nil }
    /// Accepts everything.
    public func accept(_ request: SessionRequest) -> Acceptance { .accepted }
    /// Does nothing.
    public func opened(_ session: Session, request: SessionRequest) {}
    /// Does nothing.
    public func closed(_ code: CloseCode, reason: String, in session: Session) {}
    /// Does nothing.
    public func ended(_ ending: SessionEnding, of session: Session) {}
}
