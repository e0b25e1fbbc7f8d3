public import LongwireProtocol
public import NIOCore

/// What a session looks like at one moment.
public struct SessionStatus: Sendable {
    /// The transport that carries it; nil while no line does.
    public var transport: TransportKind?
    /// The smoothed round trip, once one was measured.
    public var roundTrip: TimeAmount?
    /// What was sent and not yet acknowledged, in bytes of credit (a message costs its payload plus 64).
    public var unacknowledged: UInt64
    /// How many numbered frames that is: messages, or parts of great ones, and the termination message.
    public var unacknowledgedFrames: UInt64
    /// What the send buffer does not hold yet of the message taken last, in bytes.
    public var waiting: UInt64
    /// How the session ended, once it has.
    public var ending: SessionEnding?
}

extension SessionCore {
    package var status: SessionStatus {
        SessionStatus(
            transport: machine.usedTransport, roundTrip: machine.smoothedRoundTrip,
            unacknowledged: machine.outbox.retained,
            unacknowledgedFrames: machine.outbox.nextNumber - 1 - machine.outbox.covered,
            waiting: UInt64(machine.outbox.waiting),
            ending: ending)
    }
}
