public import LongwireSession
public import NIOCore

/// A session as an operator sees it.
public struct SessionListing: Sendable {
    /// The public name of the session.
    public var identifier: SessionIdentifier
    /// The servlet's name.
    public var servlet: String
    /// Who opened it, where that is known.
    public var principal: String?
    /// The client's address, where it is known.
    public var remoteAddress: String?
    /// How long ago it was opened.
    public var age: TimeAmount
    /// How it is doing now.
    public var status: SessionStatus
}
