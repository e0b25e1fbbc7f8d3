internal import Foundation

/// Bytes a second, of the last seconds rather than of the whole time.
struct ProgressRate {
    /// Of what goes out, and of what comes in.
    private(set) var sent = 0.0
    private(set) var received = 0.0
    private var last: (sent: Int, received: Int, at: ContinuousClock.Instant) = (0, 0, .now)
    private var isFirst = true

    /// Takes the numbers as they are now.
    mutating func add(_ sent: Int, _ received: Int, now: ContinuousClock.Instant = .now) {
        let seconds = (now - last.at) / .seconds(1)
        guard seconds > 0 else { return }
        let share = isFirst ? 1 : min(seconds / 3, 1)
        self.sent += (Double(sent - last.sent) / seconds - self.sent) * share
        self.received += (Double(received - last.received) / seconds - self.received) * share
        last = (sent, received, now)
        isFirst = false
    }
}

/// How far it is, in words.
enum ProgressText {
    static func line(sent: Int, received: Int, total: Int?, rate: ProgressRate, line: LineState?) -> String {
        var parts: [String] = []
        if let total, total > 0 {
            let share = min(sent * 100 / total, 100)
            parts.append("sent \(StatusText.size(sent)) of \(StatusText.size(total)), \(share) %")
        } else {
            parts.append("sent \(StatusText.size(sent))")
        }
        if total.map({ sent < $0 }) ?? (rate.sent >= 1) {
            parts.append("\(StatusText.size(Int(rate.sent)))/s")
            if let total, sent > 0 { parts.append(left(total - sent, rate: rate.sent)) }
        }
        if received > 0 {
            parts.append("received \(StatusText.size(received)), \(StatusText.size(Int(rate.received)))/s")
        }
        if case .reconnecting(let since) = line?.state {
            parts.append("reconnecting for \((ContinuousClock.now - since).components.seconds) s")
        }
        return "longwire: " + parts.joined(separator: ", ")
    }

    private static func left(_ bytes: Int, rate: Double) -> String {
        guard rate >= 1 else { return "stopped" }
        let seconds = Int((Double(bytes) / rate).rounded(.up))
        switch seconds {
        case ..<60: return "\(seconds) s left"
        case ..<3600: return "\(seconds / 60) min \(seconds % 60) s left"
        case ..<360_000: return "\(seconds / 3600) h \(seconds % 3600 / 60) min left"
        default: return "days left"
        }
    }
}
