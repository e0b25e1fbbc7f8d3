internal import LongwireClient
internal import NIOConcurrencyHelpers

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
        var reconnects = 0
        var moves = 0
    }

    private let known = NIOLockedValueBox(Known())
    private let report: Report
    private let events: EventLines?

    /// - Parameter events: told of changes, too.
    init(report: Report, events: EventLines? = nil) {
        self.report = report
        self.events = events
    }

    /// How the line is; nil before it was.
    var state: State? { known.withLockedValue { $0.state } }
    /// Whether no line carries the session.
    var isReconnecting: Bool {
        if case .reconnecting = state { true } else { false }
    }
    /// The server's advice to come to an end.
    var going: CloseCode? { known.withLockedValue { $0.going } }
    /// How often the line was opened again.
    var reconnects: Int { known.withLockedValue { $0.reconnects } }

    /// How often the conversation went on in a new session.
    var moves: Int { known.withLockedValue { $0.moves } }

    /// Another session has begun: the advice was for the one before.
    func moved(to session: String) {
        known.withLockedValue { known in
            known.moves += 1
            known.going = nil
        }
        events?.moved(to: session)
        report.note("the server was replaced: this is a new session, which knows nothing of what was said before")
    }

    /// Whether we asked for the end and wait for the server's answer.
    var isClosing: Bool { known.withLockedValue { $0.isClosing } }

    /// We ask for the end.
    func closing() { known.withLockedValue { $0.isClosing = true } }

    /// Called on the session's event loop.
    func changed(_ change: SessionChange) {
        events?.changed(change)
        switch change {
        case .connected(let transport):
            let before = known.withLockedValue { known in
                let before = known.state
                if case .reconnecting = before { known.reconnects += 1 }
                known.state = .connected(transport)
                return before
            }
            switch before {
            case nil: report.detail("connected over \(transport)")
            case .connected: report.detail("another transaction carries the session, over \(transport)")
            case .reconnecting: report.detail("connected again, nothing lost, over \(transport)")
            }
        case .reconnecting(let reason):
            known.withLockedValue { known in
                if case .reconnecting = known.state { return }
                known.state = .reconnecting(since: .now)
            }
            report.detail("reconnecting: \(reason)")
        case .going(let code):
            known.withLockedValue { $0.going = code }
            report.note("the server asks to come to an end: \(code)")
        }
    }
}
