public import LongwireProtocol
internal import NIOCore

extension Session {
    /// Ends the session from this side in good order: everything sent before goes out, then CLOSE; what still comes is
    /// taken and dropped (Docs/protocol.md, rule 12).
    public func finish(_ code: CloseCode = .done, reason: String = "") {
        onLoop { core in core.turn { $0.machine.finish(code: code, reason: reason, now: .now()) } }
    }
}
