import Foundation
import LongwireTesting
import Testing

/// The series of seeded runs over failing lines.
///
/// `LONGWIRE_SEEDS` says how many (2,000), `LONGWIRE_LONG=1` runs 100,000, `LONGWIRE_SLICE` (0 to 9) a tenth of these,
/// `LONGWIRE_SEED` one, step by step with `LONGWIRE_TRACE=1`.
@Suite("LineSimulation")
struct LineSimulationSeedsTests {
    // R: D11, B4
    @Test("Over failing lines every message arrives once and in order, or the end says what did")
    func seeds() async throws {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["LONGWIRE_SEED"].flatMap({ UInt64($0) }) {
            let isTraced = environment["LONGWIRE_TRACE"] != nil
            try LineSimulation.run(seed: seed, tracing: isTraced ? { print($0) } : nil)
            return
        }
        let isLong = environment["LONGWIRE_LONG"] != nil
        let count = isLong ? 100_000 : environment["LONGWIRE_SEEDS"].flatMap { UInt64($0) } ?? 2000
        var seeds = Array(1...max(count, 1))
        if let slice = environment["LONGWIRE_SLICE"].flatMap({ UInt64($0) }) {
            seeds = seeds.filter { $0 % 10 == slice }
        }
        let start = ContinuousClock.now
        let failures = await Self.run(seeds)
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        print("\(seeds.count) seeds, \(Int(Double(seeds.count) / max(elapsed, 0.001))) a second")
        for failure in failures.prefix(20) { Issue.record(failure) }
        #expect(failures.isEmpty, "\(failures.count) of \(seeds.count) seeds failed")
    }

    private static func run(_ seeds: [UInt64]) async -> [LineSimulation.Failure] {
        await withTaskGroup(of: [LineSimulation.Failure].self) { group in
            for worker in 0..<2 {
                group.addTask {
                    var failures: [LineSimulation.Failure] = []
                    for seed in stride(from: worker, to: seeds.count, by: 2).map({ seeds[$0] }) {
                        do throws(LineSimulation.Failure) { try LineSimulation.run(seed: seed) } catch {
                            failures.append(error)
                        }
                    }
                    return failures
                }
            }
            var all: [LineSimulation.Failure] = []
            for await failures in group { all += failures }
            return all
        }
    }
}
