public import LongwireProtocol

extension Session {
    /// Ends the session from this side in good order: everything sent before goes out, then CLOSE; what still comes is
    /// taken and dropped (Docs/protocol.md, rule 12).
    public func finish(_ code: CloseCode = .done, reason: String = "") {
        onLoop { $0.finish(code, reason: reason) }
    }
}
