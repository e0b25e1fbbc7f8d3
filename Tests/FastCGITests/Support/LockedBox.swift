import NIOConcurrencyHelpers

/// A value that the event loop sets and the test reads.
final class LockedBox<Value: Sendable>: Sendable {
    private let state = NIOLockedValueBox<Value?>(nil)

    var value: Value? {
        get { self.state.withLockedValue { $0 } }
        set { self.state.withLockedValue { $0 = newValue } }
    }
}
