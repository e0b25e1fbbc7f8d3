/// A wait that came to its end without the thing waited for.
package struct TimedOut: Error, CustomStringConvertible {
    /// What was waited for, how long, and where.
    package let description: String
}

/// Asks again and again until `condition` is true, and throws ``TimedOut`` when `limit` has passed.
///
/// For conditions nobody announces (a file appears, a process ends, memory shrinks). What announces itself is awaited
/// directly. The limit is a bound against hanging, never a measurement: choose it generously.
package func eventually(
    within limit: Duration = .seconds(20), _ what: String, fileID: String = #fileID, line: Int = #line,
    _ condition: () async throws -> Bool
) async throws {
    _ = try await eventually(within: limit, valueOf: what, fileID: fileID, line: line) {
        try await condition() ? true : nil
    }
}

/// Asks again and again until `value` gives something, and throws ``TimedOut`` when `limit` has passed.
package func eventually<Value>(
    within limit: Duration = .seconds(20), valueOf what: String, fileID: String = #fileID, line: Int = #line,
    _ value: () async throws -> Value?
) async throws -> Value {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    var pause = Duration.milliseconds(1)
    while true {
        if let value = try await value() { return value }
        guard clock.now < deadline else {
            throw TimedOut(description: "\(fileID):\(line): not within \(limit): \(what)")
        }
        // safe: the one place of all tests that sleeps; it only spaces the questions, the condition decides.
        try await Task.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(20))
    }
}
