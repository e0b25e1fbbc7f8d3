internal import LongwireProtocol
internal import NIOCore

/// A transaction with finite bodies both ways: an uplink of `stream`, or a poll.
final class SimulatedRequest {
    /// What becomes of it on its way.
    enum Fate {
        case arrives
        /// The request never arrives; the client hears of it, or never does.
        case lost(isTold: Bool)
        /// The response never arrives; the client hears of it, or never does.
        case unanswered(isTold: Bool)
        /// A proxy sends it twice.
        case doubled
    }

    let path: UInt64
    let transaction: UInt64
    let process: Int
    let body: ByteBuffer
    let latency: TimeAmount
    let fate: Fate
    /// The client has its end, or has given it up.
    var isOver = false

    init(
        path: UInt64, transaction: UInt64, process: Int, body: ByteBuffer, latency: TimeAmount, fate: Fate
    ) {
        self.path = path
        self.transaction = transaction
        self.process = process
        self.body = body
        self.latency = latency
        self.fate = fate
    }
}
