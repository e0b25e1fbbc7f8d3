/// Reads a ``ChaosPlan`` from text, a line a step.
///
///     # Comments and empty lines count for nothing.
///     after 2s cut
///     every 5s for 300ms stall up
///     after 64KiB down reset one
///     after 10s for 3s delay 50ms jitter 20ms
///
/// A line is `after TIME`, `every TIME` or `after SIZE up|down`; then, for faults that last, `for TIME` (else to the
/// end); then the fault: `cut [one]`, `reset [one]`, `half-close up|down [one]`, `stall [up|down]`,
/// `delay TIME [jitter TIME]`, `limit SIZE [up|down]` (a second), `corrupt up|down`, `refuse`,
/// `buffer requests|responses|both`, `repeat`, `swap`, `answer STATUS [LOCATION]`.
/// TIME is such as 300ms, 2s or 5m; SIZE is such as 500, 64KiB or 1MiB.
public enum ChaosScript {
    /// The plan that a script describes.
    ///
    /// - Throws: ``ChaosScriptError``, which names the line.
    public static func parse(_ text: some StringProtocol) throws(ChaosScriptError) -> ChaosPlan {
        var plan = ChaosPlan()
        let lines = String(text).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let words = line.prefix(while: { $0 != "#" }).split(whereSeparator: \.isWhitespace).map(String.init)
            guard !words.isEmpty else { continue }
            var reader = ChaosLineReader(words, line: index + 1)
            plan.steps.append(try reader.step())
        }
        return plan
    }
}

/// A script that cannot be read.
public struct ChaosScriptError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The line, from 1.
    public let line: Int
    /// What is wrong there, and what to write.
    public let what: String

    /// Both.
    public var description: String { "line \(line): \(what)" }
}
