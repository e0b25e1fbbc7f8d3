import Foundation
import LongwireClient
import LongwireServer
import TestSupport
import Testing

@Suite("Every path", .serialized, .timeLimit(.minutes(30)))
struct PathMatrixTests {
    // R: C1, C3, C5, D8
    @Test("Some transport opens on every path, within 3 s, and which one is as Docs/results/matrix.md says")
    func matrix() async throws {
        let isWriting = ProcessInfo.processInfo.environment["LONGWIRE_WRITE_MATRIX"] != nil
        let site = try await PathSite { configuration in
            configuration.session.heartbeat = PathWay.heartbeat
            configuration.session.pollHold = PathWay.heartbeat
        }
        let certificates = try await Certificates()
        var matrix = PathMatrix(
            servers: try await PathServer.all(of: site, certificates), proxies: try await PathProxies(),
            certificates: certificates)
        let committed = (try? String(contentsOfFile: Repository.path(PathMatrix.page), encoding: .utf8)) ?? ""
        // A choice is made by time: fewer of these at once.
        let choices = matrix.cells.filter { $0.transport == nil }
        let seconds = await flowSeconds {
            await matrix.run(choices.filter(\.way.takesTime), atOnce: 24)
            await matrix.run(choices.filter { !$0.way.takesTime }, atOnce: 4)
            await matrix.run(matrix.cells.filter { $0.transport != nil }, atOnce: 32)
            // Two cores may be busy with other things: what differs is tried again, by itself, before it counts.
            for _ in 1...3 {
                let slow = choices.filter { matrix.outcomes[$0]?.seconds ?? 100 >= 3 }
                let doubtful = Set((isWriting ? [] : matrix.changedCells(from: committed)) + slow)
                for cell in doubtful {
                    flowReport("again: \(cell), was \(String(describing: matrix.outcomes[cell]))")
                    await matrix.run([cell], atOnce: 1)
                }
            }
        }
        flowReport(
            "matrix: \(matrix.cells.count) cells in \(seconds.short) s; slowest choice \(matrix.slowestChoice.short) s")
        for cell in choices {
            let outcome = try #require(matrix.outcomes[cell])
            let opened = PathTransport.allCases.contains { "\($0)" == outcome.text }
            #expect(opened, "\(cell.server), \(cell.way): \(outcome.text), \(outcome.detail)")
            #expect(outcome.seconds ?? 100 < 3, "\(cell.server), \(cell.way) took \(outcome.seconds ?? -1) s")
        }
        for cell in matrix.cells where !["works", "–"].contains(matrix.outcomes[cell]?.text ?? "") {
            guard let outcome = matrix.outcomes[cell], cell.transport != nil else { continue }
            print(
                "\(cell.server), \(cell.way.rawValue), \(cell.transport.map { "\($0)" } ?? ""): \(outcome.text): \(outcome.detail)"
            )
        }
        if isWriting {
            try matrix.text.write(toFile: Repository.path(PathMatrix.page), atomically: true, encoding: .utf8)
        } else {
            let changes = matrix.changes(from: committed)
            #expect(changes.isEmpty, "\(changes.joined(separator: "\n"))")
        }
        matrix.proxies.stop()
        await site.stop()
        withExtendedLifetime(matrix) {}
    }
}
