internal import LongwireClient
internal import NIOCore

/// How a session is, in words.
enum StatusText {
    /// For the status row: state and transport, what is on its way, round trip, server; the last may be cut.
    static func row(_ status: SessionStatus, line: LineState, server: String) -> String {
        (parts(status, line: line) + [server]).joined(separator: " · ")
    }

    /// For `/status`.
    static func sentence(_ status: SessionStatus, line: LineState) -> String {
        parts(status, line: line).joined(separator: ", ")
    }

    private static func parts(_ status: SessionStatus, line: LineState) -> [String] {
        var parts: [String] = []
        switch line.state {
        case .reconnecting(let since):
            parts.append("reconnecting for \((ContinuousClock.now - since).components.seconds) s")
        case .connected(let transport): parts.append("connected over \(transport)")
        case nil: parts.append("connecting")
        }
        if line.isClosing { parts.append("closing, waiting for the server") }
        parts.append(status.unacknowledged == 0 ? "all sent" : "\(size(status.unacknowledged)) unsent")
        if let roundTrip = status.roundTrip { parts.append("round trip \(time(roundTrip))") }
        return parts
    }

    private static func size(_ bytes: UInt64) -> String {
        switch bytes {
        case ..<10_000: "\(bytes) bytes"
        case ..<10_000_000: "\(bytes / 1000) kB"
        default: "\(bytes / 1_000_000) MB"
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
