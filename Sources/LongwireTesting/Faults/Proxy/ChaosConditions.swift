internal import NIOCore

/// What holds at the moment for all connections of a ``ChaosProxy``.
struct ChaosConditions {
    private(set) var stalled: Set<ChaosDirection> = []
    private(set) var delay = TimeAmount.zero
    private(set) var jitter = TimeAmount.zero
    /// Bytes a second.
    private(set) var rates: [ChaosDirection: Int] = [:]
    private(set) var buffersRequests = false
    private(set) var buffersResponses = false
    private(set) var refuses = false

    /// Of several delays the last counts, of several limits the least.
    init(_ faults: [ChaosFault] = []) {
        for fault in faults {
            switch fault {
            case .stall(let direction): stalled.formUnion(direction.map { [$0] } ?? [.up, .down])
            case .delay(let time, let jitter): (delay, self.jitter) = (time, jitter)
            case .limit(let rate, let direction):
                for direction in direction.map({ [$0] }) ?? ChaosDirection.allCases {
                    rates[direction] = min(rates[direction] ?? .max, max(rate, 1))
                }
            case .buffer(let requests, let responses):
                buffersRequests = buffersRequests || requests
                buffersResponses = buffersResponses || responses
            case .refuse: refuses = true
            case .cut, .reset, .halfClose, .corrupt, .repeatPost, .swapPosts, .answer: break
            }
        }
    }
}
