/// Runs of the line simulator: a client and servers of the real protocol over lines that fail, in virtual time.
///
/// Each run is wholly decided by its seed: what fails can be repeated. A run takes about a millisecond.
public enum LineSimulation {
    /// A run that went wrong.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// The seed to repeat it with.
        public let seed: UInt64
        /// What went wrong.
        public let what: String

        /// What went wrong, and how to see it again.
        public var description: String {
            "seed \(seed): \(what)\nrepeat with: LONGWIRE_SEED=\(seed) swift test --filter LineSimulation"
        }
    }

    /// Runs one seed to its end, which always comes.
    ///
    /// - Parameters:
    ///   - seed: what the line and both ends do; the same seed gives the same run.
    ///   - tracing: is told every step in a line of text; for repeating a run that failed.
    /// - Throws: ``Failure``.
    public static func run(seed: UInt64, tracing: ((String) -> Void)? = nil) throws(Failure) {
        if let what = LineSimulator(seed: seed, tracing: tracing).runBounded() {
            throw Failure(seed: seed, what: what)
        }
    }
}
