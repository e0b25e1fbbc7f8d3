internal import NIOCore

/// What only a path has whose transactions end one by one: no part of ``Path``, most of which stream both ways.
final class FinitePath {
    var flights = FlightLedger()
    /// Server, poll: the requests that wait for their answers, oldest first.
    var held: [(transaction: UInt64, since: NIODeadline)] = []
    var nextTransaction: UInt64 = 1
    /// Client, `stream`: where frames are missing on the downlink, behind what was received; an uplink before this
    /// transaction may bring them in its answer.
    @Seldom var gap: (received: UInt64, before: UInt64)?
    /// Server, poll: how long the client at most wants its requests held.
    var holdLimit = TimeAmount.hours(24)
}

extension Path {
    /// To be looked at; what changes them goes through ``finite``, which copies nothing.
    var flights: FlightLedger { finite?.flights ?? FlightLedger() }
    var nextTransaction: UInt64 {
        get { finite?.nextTransaction ?? 1 }
        set { finite?.nextTransaction = newValue }
    }
    var gap: (received: UInt64, before: UInt64)? {
        get { finite?.gap }
        set { finite?.gap = newValue }
    }
    var holdLimit: TimeAmount {
        get { finite?.holdLimit ?? .hours(24) }
        set { finite?.holdLimit = newValue }
    }
}
