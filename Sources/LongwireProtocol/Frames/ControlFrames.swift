/// ACK: what arrived, what may come, and what else each side says of itself.
package struct AckFrame: Equatable, Sendable {
    package var received: UInt64
    package var limit: UInt64
    /// The server's count of body bytes of this transaction that it read; or the path that the client uses.
    package var extra: UInt64

    package init(received: UInt64, limit: UInt64, extra: UInt64) {
        self.received = received
        self.limit = limit
        self.extra = extra
    }
}

/// ABORT: ends the session in both directions.
package struct AbortFrame: Equatable, Sendable {
    package var received: UInt64
    package var code: CloseCode
    package var reason: String

    package init(received: UInt64, code: CloseCode, reason: String) {
        self.received = received
        self.code = code
        self.reason = reason
    }
}

/// The up to 8 opaque bytes of PING, which PONG brings back.
package struct PingPayload: Equatable, Sendable {
    let bytes: UInt64
    let count: UInt8

    init(bytes: UInt64, count: UInt8) {
        self.bytes = bytes
        self.count = count
    }
}
