public import NIOCore

/// One thing that can happen to the lines through a ``ChaosProxy``.
///
/// The first group works on any bytes. The second needs requests to be told apart, and so works on HTTP/1.1 in clear
/// alone; other lines are left as they are.
public enum ChaosFault: Sendable, Equatable {
    /// Connections are closed as by their other side (FIN).
    case cut(ChaosScope)
    /// Connections are reset (RST); what was on its way is lost.
    case reset(ChaosScope)
    /// One way of the connections is ended (FIN); the other goes on. What still comes that way is dropped.
    case halfClose(ChaosDirection, ChaosScope)
    /// Nothing is passed on, and nobody is told; nil: neither way.
    case stall(ChaosDirection?)
    /// Everything is passed on so much later, and by a random part of the jitter later still, in order.
    case delay(TimeAmount, jitter: TimeAmount)
    /// Each connection carries at most so many bytes a second; nil: each way.
    case limit(bytesPerSecond: Int, ChaosDirection?)
    /// One byte of what passes next is changed.
    case corrupt(ChaosDirection)
    /// Connections are refused.
    case refuse

    /// Requests, or responses, or both go on when they have come whole.
    case buffer(requests: Bool, responses: Bool)
    /// The next POST that comes whole goes to the server twice; the answer to the copy goes to nobody.
    case repeatPost
    /// The next POST that comes whole waits until another one, on any connection, has gone before it.
    case swapPosts
    /// The next request is answered with this status in the server's place, with a Location where one is given.
    case answer(status: Int, location: String?)

    /// Whether it lasts, rather than happen once.
    public var lasts: Bool {
        switch self {
        case .stall, .delay, .limit, .buffer, .refuse: true
        default: false
        }
    }
}

/// Which way bytes go through a ``ChaosProxy``.
public enum ChaosDirection: String, Sendable, CaseIterable {
    /// From the client to the server.
    case up
    /// From the server to the client.
    case down
}

/// Which connections a fault falls on.
public enum ChaosScope: Sendable, Equatable {
    /// All that are open.
    case all
    /// One of them, at random.
    case one
}
