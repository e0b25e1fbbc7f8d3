package import LongwireProtocol
package import NIOCore

/// Which transport is tried next over one path through the network (Docs/protocol.md, "Choosing a transport"): no I/O,
/// no clock.
///
/// Attempts come in rounds. A round begins when a session has no line, with the transport that carried it last, or
/// else with the best; the others follow in their order, each when the one before has failed or is late. A transport
/// that dies young too often in a row goes to the end for a while.
package struct TransportChooser: Sendable {
    private struct Candidate: Sendable {
        let transport: TransportKind
        /// Short lives in a row.
        var strikes = 0
        /// It is not tried before the others until then.
        var demotedUntil: NIODeadline?
        /// It is not known how to reach it, or that it cannot be had.
        var isAbsent = false
    }

    /// A line that breaks before it has this age, with nothing having moved on it, lived a short life.
    package static let shortLife = TimeAmount.seconds(20)
    /// Short lives in a row after which a transport goes to the end.
    package static let strikeLimit = 3
    /// For how long.
    package static let demotion = TimeAmount.minutes(10)

    private var candidates: [Candidate]
    private var round: [TransportKind] = []
    /// The transport that carried the session last.
    package private(set) var last: TransportKind?
    /// What the next round begins with, once.
    private var first: TransportKind?

    /// - Parameters:
    ///   - transports: what may be tried, the best first.
    ///   - remembered: what worked here before.
    package init(transports: [TransportKind], remembered: TransportKind? = nil) {
        candidates = transports.map { Candidate(transport: $0) }
        if let remembered, transports.contains(remembered) { last = remembered }
    }

    /// How long the one before may take, from its request on, until the next begins.
    package static func patience(connectTime: TimeAmount) -> TimeAmount {
        max(.milliseconds(400), connectTime * 3)
    }

    /// Takes a transport out, or in again; the only one there is stays.
    package mutating func set(_ transport: TransportKind, isAbsent: Bool) {
        guard let index = candidates.firstIndex(where: { $0.transport == transport }), candidates.count > 1 else {
            return
        }
        candidates[index].isAbsent = isAbsent
        if isAbsent {
            round.removeAll { $0 == transport }
            if last == transport { last = nil }
        }
    }

    /// The next round begins with this one, whatever carried the session last: it has not been tried here.
    package mutating func tryFirst(_ transport: TransportKind) { first = transport }

    /// Begins a round of attempts.
    package mutating func beginRound(now: NIODeadline) {
        let present = candidates.filter { !$0.isAbsent }
        let isDemoted = { (candidate: Candidate) in candidate.demotedUntil.map { $0 > now } ?? false }
        var order = present.filter { !isDemoted($0) }.map(\.transport)
        for best in [last, first] {
            if let best, let index = order.firstIndex(of: best) { order.insert(order.remove(at: index), at: 0) }
        }
        first = nil
        round = order + present.filter(isDemoted).map(\.transport)
    }

    /// Whether this round has more to try.
    package var hasNext: Bool { !round.isEmpty }

    /// The next to try in this round.
    package mutating func next() -> TransportKind? { round.isEmpty ? nil : round.removeFirst() }

    /// The session is carried by `transport` now: the round is over.
    package mutating func used(_ transport: TransportKind) {
        last = transport
        round = []
    }

    /// A line that carried the session broke at this age.
    ///
    /// - Parameter moved: whether anything numbered passed on it, either way: then the transport is not what is wrong.
    package mutating func died(_ transport: TransportKind, age: TimeAmount, moved: Bool, now: NIODeadline) {
        guard let index = candidates.firstIndex(where: { $0.transport == transport }) else { return }
        guard age < Self.shortLife, !moved else {
            candidates[index].strikes = 0
            return
        }
        candidates[index].strikes += 1
        guard candidates[index].strikes >= Self.strikeLimit, candidates.count > 1 else { return }
        candidates[index].strikes = 0
        candidates[index].demotedUntil = now + Self.demotion
        if last == transport { last = nil }
    }

    /// The transports above `current` that may be tried beside it, the best first.
    package func better(than current: TransportKind, now: NIODeadline) -> [TransportKind] {
        candidates.prefix { $0.transport != current }
            .filter { !$0.isAbsent }
            .filter { $0.demotedUntil.map { $0 <= now } ?? true }.map(\.transport)
    }
}
