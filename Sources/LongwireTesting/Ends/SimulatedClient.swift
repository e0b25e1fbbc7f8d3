internal import LongwireProtocol
internal import NIOCore

/// The client: its end, what carries it, and when it dials.
final class SimulatedClient {
    let end: SimulatedEnd
    var lines: [SimulatedLine] = []
    /// Paths of the `poll` transport, which have no line.
    var polls: [UInt64] = []
    var requests: [SimulatedRequest] = []
    var dialAt: NIODeadline?
    var attempts = 0
    var failuresInRow = 0
    /// Which process the first attempts go to.
    let home: Int

    init(end: SimulatedEnd, home: Int) {
        self.end = end
        self.home = home
    }
}
