internal import HTTPTypes
internal import LongwireProtocol

/// Why a session may not open now: a limit, with its value.
struct LimitRefusal: Equatable {
    /// A sentence that names limit and value.
    let reason: String
    /// Whether it is who asks that has too many, rather than all together.
    let isOwn: Bool
    /// When to ask again, in seconds.
    let retryAfter: Int

    /// The answer where frames are spoken.
    var abort: AbortFrame { AbortFrame(received: 0, code: .overloaded, reason: reason) }

    /// The answer where they are not.
    var problem: Problem {
        Problem(
            status: isOwn ? .tooManyRequests : .serviceUnavailable, title: isOwn ? "Too many" : "Not now",
            detail: "\(CloseCode.overloaded): \(reason)", fields: [.retryAfter: "\(retryAfter)"])
    }
}
