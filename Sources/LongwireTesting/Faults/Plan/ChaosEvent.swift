public import NIOCore

/// Something that a ``ChaosProxy`` did.
public struct ChaosEvent: Sendable, Equatable, CustomStringConvertible {
    /// When, since the proxy's start.
    public var time: TimeAmount
    /// What, as a script has it; or what became of it, such as "stall ended".
    public var what: String
    /// On how many connections.
    public var connections: Int

    /// For people: `  2.104 s  cut (3 connections)`.
    public var description: String {
        let milliseconds = time.nanoseconds / 1_000_000
        let rest = "\(1000 + milliseconds % 1000)".dropFirst()
        let count = connections == 1 ? "1 connection" : "\(connections) connections"
        return "\(milliseconds / 1000).\(rest) s  \(what) (\(count))"
    }
}
