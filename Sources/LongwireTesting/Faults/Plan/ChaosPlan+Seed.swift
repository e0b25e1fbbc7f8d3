public import NIOCore

extension ChaosPlan {
    /// The kinds of faults that seeds choose among.
    public enum Kind: String, Sendable, CaseIterable {
        /// Closes connections.
        case cut
        /// Resets connections.
        case reset
        /// Ends one way of connections.
        case halfClose = "half-close"
        /// Passes nothing on.
        case stall
        /// Passes everything on later.
        case delay
        /// Passes less on.
        case limit
        /// Changes bytes.
        case corrupt
        /// Refuses connections.
        case refuse
        /// Holds requests and responses back.
        case buffer
        /// Sends POSTs twice.
        case `repeat`
        /// Sends POSTs in another order.
        case swap
        /// Answers in the server's place.
        case answer
    }

    /// The plan that belongs to a seed: equal arguments make equal plans, on every machine.
    ///
    /// - Parameters:
    ///   - seed: what decides everything that is not given.
    ///   - kinds: what may happen; where there are none, the plan is empty.
    ///   - span: within which it happens, and ends.
    ///   - count: how many steps there are.
    ///   - longest: what lasts, lasts for a tenth of this to all of it; nil: for at most a fifth of the span.
    public init(seed: UInt64, kinds: [Kind], over span: TimeAmount, count: Int, longest: TimeAmount? = nil) {
        var random = SeededGenerator(seed: seed)
        var steps: [Step] = []
        let longest = longest ?? .nanoseconds(span.nanoseconds / 5)
        if !kinds.isEmpty, span > .zero {
            for _ in 0..<max(count, 0) {
                let fault = Self.fault(random.pick(kinds), longest, &random)
                let start = Self.part(span, of: 0...900, &random)
                let length = Self.part(longest, of: 100...1000, &random)
                let end = min(length, span - start)
                steps.append(Step(.after(start), for: fault.lasts ? end : nil, fault))
            }
        }
        self.init(steps.sorted { $0.start < $1.start })
    }

    /// Some thousandths of a time, to the millisecond.
    private static func part(
        _ time: TimeAmount, of range: ClosedRange<Int>, _ random: inout SeededGenerator
    ) -> TimeAmount {
        .milliseconds(max(1, time.nanoseconds / 1_000_000 * Int64(random.number(range)) / 1000))
    }

    private static func fault(_ kind: Kind, _ longest: TimeAmount, _ random: inout SeededGenerator) -> ChaosFault {
        let direction = random.pick(ChaosDirection.allCases)
        let scope = random.pick([ChaosScope.all, .one])
        let oneOrBoth = random.pick([ChaosDirection.up, .down, nil])
        switch kind {
        case .cut: return .cut(scope)
        case .reset: return .reset(scope)
        case .halfClose: return .halfClose(direction, scope)
        case .stall: return .stall(oneOrBoth)
        case .delay:
            return .delay(part(longest, of: 5...250, &random), jitter: part(longest, of: 5...250, &random))
        case .limit:
            return .limit(bytesPerSecond: random.pick([4, 32, 256, 2048]) * 1024, oneOrBoth)
        case .corrupt: return .corrupt(direction)
        case .refuse: return .refuse
        case .buffer:
            let which = random.number(1...3)
            return .buffer(requests: which & 1 != 0, responses: which & 2 != 0)
        case .repeat: return .repeatPost
        case .swap: return .swapPosts
        case .answer:
            let status = random.pick([301, 307, 400, 403, 404, 408, 411, 413, 429, 500, 502, 503, 504])
            return .answer(status: status, location: status < 400 ? "/moved" : nil)
        }
    }
}

extension ChaosPlan.Step {
    /// When it begins; those that wait for bytes come last.
    fileprivate var start: TimeAmount {
        switch moment {
        case .after(let time), .every(let time): time
        case .bytes: .nanoseconds(.max)
        }
    }
}
