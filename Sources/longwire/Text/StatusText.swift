internal import LongwireClient
internal import NIOCore

/// How a session is, in words.
enum StatusText {
    /// For the status row: state and transport, what is on its way, round trip, server; the last may be cut.
    static func row(_ status: SessionStatus, line: LineState, file: String?, server: String) -> String {
        (parts(status, line: line) + [file, server].compactMap(\.self)).joined(separator: " · ")
    }

    /// For `/status`.
    static func sentence(_ status: SessionStatus, line: LineState) -> String {
        var parts = parts(status, line: line)
        switch line.reconnects {
        case 0: break
        case 1: parts.append("reconnected once")
        default: parts.append("reconnected \(line.reconnects) times")
        }
        return parts.joined(separator: ", ")
    }

    private static func parts(_ status: SessionStatus, line: LineState) -> [String] {
        var parts: [String] = []
        switch line.state {
        case .reconnecting(let since):
            parts.append("reconnecting for \((ContinuousClock.now - since).components.seconds) s")
        case .connected(let transport): parts.append("connected over \(transport)")
        case nil: parts.append("connecting")
        }
        if line.moves > 0 { parts.append("session \(line.moves + 1)") }
        if line.isClosing { parts.append("closing, waiting for the server") }
        parts.append(unsent(status, isClosing: line.isClosing))
        if let roundTrip = status.roundTrip { parts.append("round trip \(time(roundTrip))") }
        return parts
    }

    private static func unsent(_ status: SessionStatus, isClosing: Bool) -> String {
        // The termination message is told of by itself.
        let frames = max(Int(clamping: status.unacknowledgedFrames) - (isClosing ? 1 : 0), 0)
        // What a message costs beside its bytes is the protocol's affair.
        let bytes = max(Int(clamping: status.unacknowledged + status.waiting) - frames * 64, 0)
        switch (frames, bytes) {
        case (0, 0): return "all sent"
        case (1, ..<10_000): return "1 message unsent"
        case (_, ..<10_000): return "\(frames) messages unsent"
        default: return "\(size(bytes)) unsent"
        }
    }

    /// A number of bytes, in few digits.
    static func size(_ bytes: Int) -> String {
        switch bytes {
        case 1: "1 byte"
        case ..<10_000: "\(bytes) bytes"
        case ..<1_000_000: "\(bytes / 1000) kB"
        case ..<100_000_000: "\(bytes / 1_000_000).\(bytes % 1_000_000 / 100_000) MB"
        case ..<10_000_000_000: "\(bytes / 1_000_000) MB"
        default: "\(bytes / 1_000_000_000) GB"
        }
    }

    /// Few digits, so that the row does not change without need.
    private static func time(_ time: TimeAmount) -> String {
        switch time.nanoseconds {
        case ..<1_000_000: "under 1 ms"
        case ..<10_000_000_000: "\(time.nanoseconds / 1_000_000) ms"
        default: "\(time.nanoseconds / 1_000_000_000) s"
        }
    }
}
