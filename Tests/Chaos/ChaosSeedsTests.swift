import Foundation
import LongwireTesting
import NIOPosix
import TestSupport
import Testing

/// The series of seeded runs over real sockets.
///
/// `LONGWIRE_CHAOS_RUNS` says how many there are in all (200), `LONGWIRE_SLICE` (0 to 9) a tenth of these,
/// `LONGWIRE_SEED` one, and `LONGWIRE_REPEAT` how often that.
@Suite("ChaosSeeds", .serialized)
struct ChaosSeedsTests {
    /// How many runs are under way at once: most of a run is waiting.
    private static let width = 24

    private static func seeds(_ environment: [String: String]) -> [UInt64] {
        func number(_ name: String) -> UInt64? { environment[name].flatMap { UInt64($0) } }
        if let seed = number("LONGWIRE_SEED") {
            return Array(repeating: seed, count: Int(number("LONGWIRE_REPEAT") ?? 1))
        }
        let first = number("LONGWIRE_CHAOS_FIRST") ?? 1
        let all = first..<(first + max(number("LONGWIRE_CHAOS_RUNS") ?? 200, 1))
        guard let slice = number("LONGWIRE_SLICE") else { return Array(all) }
        return all.filter { $0 % 10 == slice }
    }

    private struct Count: Sendable {
        var next = 0
        var outcomes: [ChaosRunner.Outcome: Int] = [:]
        var failures: [String] = []
        /// The longest run.
        var slowest = (seconds: 0.0, seed: UInt64(0))
    }

    // R: D1, D2, D8, D11
    @Test("Over real sockets that fail every message arrives once and in order, or the end says what did")
    func seeds() async throws {
        FileLimit.raise()
        let seeds = Self.seeds(ProcessInfo.processInfo.environment)
        let site = try await ChaosSite()
        let count = ChaosBox(Count())
        let seconds = try await chaosSeconds {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<min(Self.width, seeds.count) {
                    group.addTask { try await Self.work(seeds, site, count) }
                }
                try await group.waitForAll()
            }
        }
        let result = count.value
        let outcomes = ChaosRunner.Outcome.allCases.map { "\(result.outcomes[$0] ?? 0) \($0)" }
        chaosReport(
            "\(seeds.count) seeded runs in \(seconds.short) s: \(outcomes.joined(separator: ", ")), "
                + "\(result.failures.count) failed; the slowest took \(result.slowest.seconds.short) s "
                + "(seed \(result.slowest.seed))")
        for failure in result.failures.prefix(20) { Issue.record(Comment(rawValue: failure)) }
        #expect(result.failures.isEmpty, "\(result.failures.count) of \(seeds.count) runs failed")
        try await eventually(within: .seconds(60), "no session is left") { site.sessions() == 0 }
        try await site.stop()
    }

    /// Plays runs until there are none left.
    private static func work(_ seeds: [UInt64], _ site: ChaosSite, _ count: ChaosBox<Count>) async throws {
        let runner = ChaosRunner(site)
        while true {
            let index = count.change { count in
                defer { count.next += 1 }
                return count.next
            }
            guard index < seeds.count else { break }
            let seed = seeds[index]
            var run = ChaosRun(seed: seed)
            // A seed that is played often has a session of its own each time.
            run.name += "-\(index)"
            var result: Result<ChaosRunner.Outcome, any Error> = .success(.closed)
            let playing = run
            let seconds = await chaosSeconds {
                do { result = .success(try await runner.play(playing)) } catch { result = .failure(error) }
            }
            let played = result
            count.change { count in
                if seconds > count.slowest.seconds { count.slowest = (seconds, seed) }
                switch played {
                case .success(let outcome): count.outcomes[outcome, default: 0] += 1
                case .failure(let error): count.failures.append("\(error)")
                }
            }
            if case .failure(let error) = played { print("chaos: \(error)") }
        }
        try await runner.stop()
    }
}
