package import LongwireProtocol
package import NIOCore

/// Learns from how lines end whether the path cuts idle ones sooner than heartbeats go, and how often something must
/// go then (Docs/protocol.md, rule 10): no I/O, no clock.
///
/// Who cuts idle lines does so at the same silence each time; a server that restarts does not, and a line that outlived
/// as long a silence was not cut for that. It is the same whether the end is told or, as by a NAT, only noticed.
package struct IdleCuts: Sendable {
    /// How often something goes on an idle line; nil where heartbeats do.
    package private(set) var interval: TimeAmount?
    /// The silence in which the line before ended, if that may be why.
    private var before: TimeAmount?

    /// - Parameter interval: what was learned here before.
    package init(interval: TimeAmount? = nil) { self.interval = interval }

    /// The line that carried the session ended.
    ///
    /// - Parameters:
    ///   - unanswered: the longest silence on it that nothing was heard after.
    ///   - outlived: the longest silence that something was heard after.
    ///   - heartbeat: the session's.
    /// - Returns: whether ``interval`` is another now.
    package mutating func lineEnded(
        _ end: PathEnd, unanswered: TimeAmount, outlived: TimeAmount, heartbeat: TimeAmount
    ) -> Bool {
        let usual = interval ?? heartbeat
        let silence: TimeAmount
        switch end {
        case .cut: silence = unanswered
        // By then it is silent for longer than what was due went without an answer.
        case .silent, .stalled: silence = min(unanswered, usual)
        default: return false
        }
        let least = TimeAmount.nanoseconds(heartbeat.nanoseconds / 8)
        guard silence >= least, outlived.nanoseconds < silence.nanoseconds / 5 * 4 else {
            before = nil
            return false
        }
        defer { before = silence }
        guard let before, abs(before.nanoseconds - silence.nanoseconds) <= silence.nanoseconds / 5 else { return false }
        let shorter = max(.nanoseconds(silence.nanoseconds / 2), least)
        guard shorter < usual else { return false }
        interval = shorter
        return true
    }
}
