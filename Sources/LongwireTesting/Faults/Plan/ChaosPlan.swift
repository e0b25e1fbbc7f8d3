public import NIOCore

/// What a ``ChaosProxy`` does, and when: a value, made by hand, from a script or from a seed.
public struct ChaosPlan: Sendable, Equatable, CustomStringConvertible {
    /// When a step is due, counted from the proxy's start.
    public enum Moment: Sendable, Equatable {
        /// Once, after this time.
        case after(TimeAmount)
        /// Again and again, first after this time.
        case every(TimeAmount)
        /// Once, when so many bytes went this way, over all connections: between two bytes of one stream.
        case bytes(Int, ChaosDirection)
    }

    /// One fault and its moment.
    public struct Step: Sendable, Equatable, CustomStringConvertible {
        /// When it happens.
        public var moment: Moment
        /// For how long, where the fault lasts; nil: to the end.
        public var duration: TimeAmount?
        /// What happens.
        public var fault: ChaosFault

        /// A step of a plan.
        public init(_ moment: Moment, for duration: TimeAmount? = nil, _ fault: ChaosFault) {
            self.moment = moment
            self.duration = duration
            self.fault = fault
        }

        /// The step as a line of a script.
        public var description: String {
            let when =
                switch moment {
                case .after(let time): "after \(ChaosText.time(time))"
                case .every(let time): "every \(ChaosText.time(time))"
                case .bytes(let count, let direction): "after \(ChaosText.size(count)) \(direction.rawValue)"
                }
            return when + (duration.map { " for \(ChaosText.time($0))" } ?? "") + " \(fault)"
        }
    }

    /// What happens; their order counts only where two are due at once.
    public var steps: [Step]
    /// After this time all begins anew; nil: it does not.
    public var period: TimeAmount?

    /// A plan of these steps; without any, everything passes as it comes.
    public init(_ steps: [Step] = [], period: TimeAmount? = nil) {
        self.steps = steps
        self.period = period
    }

    /// The plan as a script, a line a step.
    public var description: String { steps.map { "\($0)\n" }.joined() }
}
