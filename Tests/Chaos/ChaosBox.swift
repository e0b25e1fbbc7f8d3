import Synchronization

/// A value that several tasks and event loops write.
final class ChaosBox<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    init(_ value: Value) { state = Mutex(value) }

    var value: Value { state.withLock { $0 } }
    func set(_ value: Value) { state.withLock { $0 = value } }
    @discardableResult
    func change<Result: Sendable>(_ body: @Sendable (inout Value) -> Result) -> Result { state.withLock { body(&$0) } }
}

/// Seconds of something.
func chaosSeconds(_ body: () async throws -> Void) async rethrows -> Double {
    let start = ContinuousClock.now
    try await body()
    return (ContinuousClock.now - start) / .seconds(1)
}

/// Prints a figure, so that a log of the tests shows it.
func chaosReport(_ text: String) { print("figure: \(text)") }

extension Double {
    /// With two digits behind the point.
    var short: String { "\((self * 100).rounded() / 100)" }
}
