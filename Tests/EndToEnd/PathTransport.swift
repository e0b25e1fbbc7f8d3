import LongwireClient

/// What may carry a session over a path: the transports of the library, and the plain form of any HTTP client.
enum PathTransport: String, CaseIterable, Sendable {
    case tcp, duplex, websocket, stream, poll
    case plain

    /// The library's; nil where curl does it.
    var kind: TransportKind? {
        switch self {
        case .tcp: .tcp
        case .websocket: .websocket
        case .duplex: .duplex
        case .stream: .stream
        case .poll: .poll
        case .plain: nil
        }
    }

}
