internal import LongwireClient
internal import Synchronization

/// What the library told of the line; safe from any thread.
final class LineState: Sendable {
    enum State: Sendable {
        case connected(TransportKind)
        case reconnecting(since: ContinuousClock.Instant)
    }

    private struct Known {
        var state: State?
        var going: CloseCode?
        var isClosing = false
    }

    private let known = Mutex(Known())
    private let report: Report

    init(report: Report) { self.report = report }

    /// How the line is; nil before it was.
    var state: State? { known.withLock { $0.state } }
    /// The server's advice to come to an end.
    var going: CloseCode? { known.withLock { $0.going } }

    /// Whether we asked for the end and wait for the server's answer.
    var isClosing: Bool { known.withLock { $0.isClosing } }

    /// We ask for the end.
    func closing() { known.withLock { $0.isClosing = true } }

    /// Called on the session's event loop.
    func changed(_ change: SessionChange) {
        switch change {
        case .connected(let transport):
            let isFirst = known.withLock { known in
                defer { known.state = .connected(transport) }
                return known.state == nil
            }
            report.detail("\(isFirst ? "connected" : "connected again, nothing lost,") over \(transport)")
        case .reconnecting(let reason):
            known.withLock { known in
                if case .reconnecting = known.state { return }
                known.state = .reconnecting(since: .now)
            }
            report.detail("reconnecting: \(reason)")
        case .going(let code):
            known.withLock { $0.going = code }
            report.note("the server asks to come to an end: \(code)")
        }
    }
}
