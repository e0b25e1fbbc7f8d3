/// One frame as it was read from a transaction.
///
/// PAD and frames of unknown types are skipped and never appear.
package enum Frame: Equatable, Sendable {
    // Apart, since they come once a transaction and would make every frame as large as they are.
    indirect case open(OpenFrame)
    indirect case opened(OpenedFrame)
    /// MESSAGE, FRAGMENT, TEXT or CLOSE.
    case numbered(NumberedFrame)
    case ack(AckFrame)
    case ping(PingPayload)
    case pong(PingPayload)
    case going(CloseCode)
    case abort(AbortFrame)
}
