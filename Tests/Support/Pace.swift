/// How a simulated application spends its time: a slow reader, a clock.
///
/// Nothing may be concluded from it having passed.
package enum Pace {
    /// Does nothing for this long.
    package static func idle(_ time: Duration) async throws {
        // safe: the slowness is what is simulated; no condition depends on it.
        try await Task.sleep(for: time)
    }

    /// Does nothing until this moment of the clock.
    package static func idle(until moment: ContinuousClock.Instant) async throws {
        // safe: a beat given to an application; no condition depends on it.
        try await Task.sleep(until: moment, clock: .continuous)
    }
}
