/// What carries frames (Docs/protocol.md, "Words" and OPEN).
public enum TransportKind: UInt64, Sendable, Hashable, CaseIterable {
    /// One HTTP request whose body and response carry frames at once.
    case duplex = 1
    /// A streamed GET response down; POSTs (``uplink``) up.
    case stream = 2
    /// One POST of a ``stream`` path.
    case uplink = 3
    /// A succession of requests with finite bodies both ways.
    case poll = 4
    /// A bare TCP connection.
    case tcp = 5
    /// A WebSocket.
    case websocket = 6

    /// Whether frames towards the server go in transactions that end one by one.
    package var isFiniteUp: Bool { self == .stream || self == .poll || self == .uplink }
    /// Whether frames towards the client go in transactions that end one by one.
    package var isFiniteDown: Bool { self == .poll }
}
