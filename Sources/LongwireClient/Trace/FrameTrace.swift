public import LongwireSession

/// One frame that crossed the line, as ``ClientConfiguration/onFrame`` is told of it: what it is, and never what it
/// says (Docs/protocol.md, "Frames").
public struct FrameTrace: Sendable, Equatable, CustomStringConvertible {
    /// Which way a frame went.
    public enum Direction: String, Sendable {
        /// From this client to the server.
        case sent
        /// From the server to this client.
        case received
    }

    /// Which way it went.
    public var direction: Direction
    /// The path that carried it.
    public var path: UInt64
    /// The type's name, such as `MESSAGE` or `ACK`.
    public var name: String
    /// The number, where frames of the type have one.
    public var number: UInt64?
    /// The payload of a message, or of a part of one, in bytes.
    public var size: Int?
    /// ACK, OPEN, OPENED and ABORT: everything up to this number had arrived at whoever sent the frame.
    public var received: UInt64?
    /// ACK, OPEN and OPENED: the credit given, in bytes from the start of the session.
    public var limit: UInt64?
    /// CLOSE, GOING and ABORT: why.
    public var code: CloseCode?

    init(_ direction: Direction, path: UInt64, name: String) {
        self.direction = direction
        self.path = path
        self.name = name
    }

    /// One line for people, such as `sent MESSAGE 3, 5 bytes` or `received ACK, received 3, limit 262485`.
    public var description: String {
        var parts = ["\(direction) \(name)" + (number.map { " \($0)" } ?? "")]
        if let size { parts.append(size == 1 ? "1 byte" : "\(size) bytes") }
        if let received { parts.append("received \(received)") }
        if let limit { parts.append("limit \(limit)") }
        if let code { parts.append("\(code)") }
        if path > 1 { parts.append("path \(path)") }
        return parts.joined(separator: ", ")
    }
}
