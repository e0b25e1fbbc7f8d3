package import LongwireProtocol

/// Whoever acts on what a session's machine says: the server or the client around it; on the event loop.
package protocol SessionObserver: AnyObject {
    /// Messages wait and no consumer of ``Session/messages`` does: an inline servlet takes them now.
    func messagesReady(in core: SessionCore)
    /// A path carries the session.
    func pathUsed(_ path: UInt64, in core: SessionCore)
    /// Client: the server accepted a path.
    func pathOpened(_ path: UInt64, in core: SessionCore)
    /// A path is closed; its carrier has been told.
    func pathClosed(_ path: UInt64, end: PathEnd, in core: SessionCore)
    /// No path is left.
    func suspended(in core: SessionCore)
    /// Client: time for another transaction.
    func rotationDue(_ path: UInt64, in core: SessionCore)
    /// There is room in the send queue again, for whoever waits for it.
    func sendable(in core: SessionCore)
    /// The other side closed.
    func peerClosed(_ code: CloseCode, reason: String, in core: SessionCore)
    /// Client: the server advises to come to an end.
    func going(_ code: CloseCode, in core: SessionCore)
    /// The session is over.
    func ended(_ ending: SessionEnding, in core: SessionCore)
}
