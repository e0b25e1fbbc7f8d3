internal import LongwireProtocol

/// What a session's core needs only when it comes to its end: most sessions are open for long.
final class SessionDeparture {
    /// A CLOSE that was asked for.
    struct Close {
        var code: CloseCode
        var reason: String
        /// Whether what still comes is dropped.
        var isFinish: Bool
    }

    /// How the session ended, with what never reached the machine counted in.
    var ending: SessionEnding?
    /// CLOSE that waits for messages on their way from other threads.
    var pendingClose: Close?
    /// Messages that were taken for sending and not begun, in order.
    var withdrawn: [Message] = []
}
