/// Why bytes are not frames.
///
/// Each of these makes input unreadable (Docs/protocol.md, rule 13).
package enum FrameError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A value longer than ``FrameLimits/value``.
    case tooLong(type: UInt64, length: UInt64)
    /// A value that ends before its fields do, or goes on after them, or holds what none of them may.
    case malformed(type: UInt64)
    /// The CRC-32C at the end of a frame is not that of what stands before it.
    case checksum
    /// A finite body ends in the middle of a frame.
    case incomplete

    package var description: String {
        switch self {
        case .tooLong(let type, let length):
            "a frame of type \(type) has \(length) bytes, more than \(FrameLimits.value)"
        case .malformed(let type): "a frame of type \(type) is malformed"
        case .checksum: "a frame's checksum is wrong"
        case .incomplete: "the body ends inside a frame"
        }
    }
}
