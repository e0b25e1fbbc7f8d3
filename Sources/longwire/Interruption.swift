internal import Foundation
internal import NIOConcurrencyHelpers

/// The wish of the person, or of the system, to come to an end: asked once in good order, a second time at once.
final class Interruption: Sendable {
    private struct State {
        var signals: [Int32] = []
        var action: (@Sendable (_ times: Int, _ signal: Int32) -> Void)?
    }

    private let state = NIOLockedValueBox(State())

    /// A signal asks for the end.
    func received(_ signal: Int32) {
        let (action, times) = state.withLockedValue { state in
            state.signals.append(signal)
            return (state.action, state.signals.count)
        }
        action?(times, signal)
    }

    /// What is done from now on, and at once when the end was asked for already.
    func onSignal(_ action: @escaping @Sendable (_ times: Int, _ signal: Int32) -> Void) {
        let signals = state.withLockedValue { state in
            state.action = action
            return state.signals
        }
        if let last = signals.last { action(signals.count, last) }
    }

    /// Whether the end was asked for.
    var isAsked: Bool { state.withLockedValue { !$0.signals.isEmpty } }

    /// The signal that asked last.
    var lastSignal: Int32? { state.withLockedValue { $0.signals.last } }

    /// The signal that asked for an end at once: a second one, or that of a terminal that went away.
    var atOnce: Int32? {
        state.withLockedValue { $0.signals.count > 1 || $0.signals.last == SIGHUP ? $0.signals.last : nil }
    }
}
