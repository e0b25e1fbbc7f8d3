/// What a session machine tells whoever drives it.
package enum SessionEvent: Equatable, Sendable {
    /// Client: the server accepted this path.
    case pathOpened(UInt64)
    /// This path carries the session from now on.
    case pathUsed(UInt64)
    /// This path is dead to the session: close its transactions.
    case pathClosed(UInt64, PathEnd)
    /// The session has no path left; it lives on until the resume time is over.
    case suspended
    /// Client: the transaction is old or large enough; open the next path beside it.
    case rotationDue(UInt64)
    /// There may be room in the send queue again.
    case sendable
    /// The other side's CLOSE: no more messages come.
    case peerClosed(CloseCode, reason: String)
    /// Client: the server advises to come to an end soon.
    case going(CloseCode)
    /// The session is over. The final frames are still to be written to the used path, then it ends.
    case ended(SessionEnding)
}

/// Why a path was closed.
package enum PathEnd: Equatable, Sendable {
    /// The client uses another.
    case replaced
    /// Nothing was heard for 2.5 heartbeats.
    case silent
    /// Written bytes stayed unread (rule 8).
    case stalled
    /// It did not open, or was not used, in time.
    case notOpened
    /// What came was not frames, or the transaction failed.
    case unreadable
    /// The line broke, or the web server ended it.
    case cut
    /// The server refused it, or it is a repeated request.
    case refused
    /// The server refused this transaction alone, and said why.
    case denied(CloseCode, String)
    /// The session is over.
    case ended
}
