/// A message was sent after this side had closed.
public struct SessionClosed: Error, Sendable, Equatable, CustomStringConvertible {
    package init() {}

    /// A sentence for people.
    public var description: String { "the session has been closed by this side" }
}
