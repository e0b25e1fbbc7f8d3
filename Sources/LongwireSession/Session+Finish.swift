public import LongwireProtocol

extension Session {
    /// What was taken for sending and never begun, once the session has ended: the caller's from then on.
    package var withdrawn: [Message] {
        get async {
            await withCheckedContinuation { continuation in
                onLoop { core in
                    continuation.resume(returning: core.withdrawn)
                    core.withdrawn = []
                }
            }
        }
    }

    /// Ends the session from this side in good order: everything sent before goes out, then CLOSE; what still comes is
    /// taken and dropped (Docs/protocol.md, rule 12).
    public func finish(_ code: CloseCode = .done, reason: String = "") {
        onLoop { $0.finish(code, reason: reason) }
    }
}
