internal import LongwireProtocol
internal import NIOCore

/// A session at the server: its end, and what carries it.
final class SimulatedSession {
    let end: SimulatedEnd
    let process: Int
    var lines: [SimulatedLine] = []
    /// Requests that wait for their answers, by the number the machine knows them by.
    var requests: [UInt64: SimulatedRequest] = [:]
    var nextTransaction: UInt64 = 1
    /// Uplinks that were read, and are answered at the end of this turn.
    var uplinks: [SimulatedRequest] = []
    var isOver = false
    /// The process died with it.
    var isWiped = false

    init(end: SimulatedEnd, process: Int) {
        self.end = end
        self.process = process
    }
}

/// A server process: its directory of sessions.
final class SimulatedServer {
    struct Entry: SessionDirectoryEntry {
        let identifier: SessionIdentifier
        let token: SessionToken
        let instance: SessionInstance
        let servlet = "/longwire/echo"
        let principal: String? = nil
        /// Its place among the sessions of all servers.
        let index: Int
    }

    var directory = SessionDirectory<Entry>(tombstones: 64)
    let number: Int

    init(number: Int) { self.number = number }
}
