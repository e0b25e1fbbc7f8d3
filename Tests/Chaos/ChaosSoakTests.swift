import Foundation
import LongwireClient
import LongwireTesting
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// Everything at random against a longwired of its own, for `LONGWIRE_SOAK_SECONDS`; 900 where all is long.
@Suite("ChaosSoak", .serialized)
struct ChaosSoakTests {
    private static var seconds: Int? {
        let environment = ProcessInfo.processInfo.environment
        if let text = environment["LONGWIRE_SOAK_SECONDS"] { return Int(text) }
        let isLong = environment["LONGWIRE_LONG"].map { !$0.isEmpty && $0 != "0" } ?? false
        return isLong ? 900 : nil
    }

    private static let clients = 30

    private struct Count: Sendable {
        var sessions = 0
        var messages = 0
        var endings: [String: Int] = [:]
        var failures: [String] = []
    }

    // R: D11
    @Test("With everything at random memory stays flat, no session stays behind, and what is echoed is in order")
    func soak() async throws {
        guard let seconds = Self.seconds else { return }
        FileLimit.raise()
        let site = try await ChaosDaemon()
        let count = ChaosBox(Count())
        let isOver = ChaosBox(false)
        let clients = Task {
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<Self.clients {
                    group.addTask {
                        var random = SeededGenerator(seed: UInt64(number + 1))
                        while !isOver.value { await Self.session(site, &random, count) }
                    }
                }
            }
        }
        let (warm, samples) = try await watch(site, for: seconds)
        isOver.set(true)
        await clients.value
        try await site.heal()
        // Resume time and linger, and a bit.
        try await eventually(within: .seconds(60), "no session is left") { try await site.sessionCount() == 0 }
        let end = site.daemon.residentMemory()
        let result = count.value
        let endings = result.endings.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        chaosReport(
            "soak of \(seconds) s: \(result.sessions) sessions, \(result.messages) messages echoed, "
                + "\(endings.joined(separator: ", ")); longwired had \(warm >> 20) MiB when warm, at most "
                + "\((samples.max() ?? 0) >> 20) MiB, \(end >> 20) MiB at the end, \(site.daemon.openDescriptors) "
                + "descriptors")
        for failure in result.failures.prefix(20) { Issue.record(Comment(rawValue: failure)) }
        #expect(site.daemon.isRunning)
        #expect(result.messages > seconds * 10)
        // What is remembered of ended sessions has its ring; beyond that nothing may grow.
        let limit = warm + warm / 4 + (8 << 20)
        #expect(end < limit, "\(warm >> 20) MiB when warm, \(end >> 20) MiB at the end")
        #expect(site.daemon.openDescriptors < 100)
        try await site.stop()
    }

    /// Lets the time pass, stopping and continuing the server and reloading nginx now and then.
    ///
    /// - Returns: resident memory after a third of the time, and what it was from then on.
    private func watch(_ site: ChaosDaemon, for seconds: Int) async throws -> (warm: Int, samples: [Int]) {
        var samples: [Int] = []
        var random = SeededGenerator(seed: 99)
        let start = ContinuousClock.now
        var warm = 0
        var next = 10
        while ContinuousClock.now - start < .seconds(seconds) {
            try await Pace.idle(.seconds(1))
            let elapsed = Int((ContinuousClock.now - start) / .seconds(1))
            if elapsed >= next {
                next += 10
                switch random.next() % 4 {
                case 0:
                    site.daemon.pause()
                    try await Pace.idle(.milliseconds(Int(random.next() % 2000)))
                    site.daemon.resume()
                case 1: try await site.nginx.killWorkers()
                case 2: try await site.nginx.reload()
                default: break
                }
            }
            guard elapsed >= seconds / 3 else { continue }
            let memory = site.daemon.residentMemory()
            if warm == 0 { warm = memory }
            samples.append(memory)
        }
        return (warm, samples)
    }

    /// One session of a client: some messages, and some end.
    private static func session(
        _ site: ChaosDaemon, _ random: inout SeededGenerator, _ count: ChaosBox<Count>
    ) async {
        var configuration = ClientConfiguration()
        configuration.proxy = .none
        let all: [[TransportKind]] = [
            [.duplex], [.websocket], [.stream], [.poll], [.tcp], [.tcp, .duplex, .websocket, .stream, .poll],
        ]
        configuration.transports = all[Int(random.next() % 6)]
        configuration.directTCP = configuration.transports.contains(.tcp) ? DirectTCP(port: site.tcp.port) : nil
        configuration.session.timeToOpen = .seconds(3)
        configuration.connectTimeout = .seconds(3)
        configuration.promotionInterval = random.chance(0.2) ? .seconds(1) : .zero
        let isDirect = random.chance(0.5) || configuration.transports == [.websocket]
        let port = isDirect ? site.http.port : site.web.port
        guard
            let session = try? await Longwire(group: MultiThreadedEventLoopGroup.singleton).connect(
                "http://127.0.0.1:\(port)/longwire/echo", configuration: configuration)
        else {
            count.change { $0.endings["not opened", default: 0] += 1 }
            // Nothing but a refused connection fails at once.
            try? await Pace.idle(.milliseconds(50))
            return
        }
        let talk = ChaosTalk(&random)
        let aborts = random.chance(0.1)
        let result = await echo(talk, session, aborts: aborts)
        count.change { count in
            count.sessions += 1
            count.messages += result.messages
            count.endings["\(result.ending.kind)", default: 0] += 1
            if let complaint = result.complaint { count.failures.append(complaint) }
        }
    }

    private static func echo(
        _ talk: ChaosTalk, _ session: Session, aborts: Bool
    ) async -> (messages: Int, ending: SessionEnding, complaint: String?) {
        let taken = ChaosBox<[Message]>([])
        try? await ChaosSide.talk(session, says: talk, hears: talk, until: talk.count) { message in
            taken.change { $0.append(message) }
        }
        if aborts { session.abort(CloseCode(rawValue: 1003)) }
        let ending = await session.close()
        var complaint = talk.complaint(about: taken.value, at: "the client")
        if complaint == nil, ending.kind == .closed, taken.value.count != talk.count {
            complaint = "closed, with \(taken.value.count) of \(talk.count) messages: \(ending)"
        }
        return (taken.value.count, ending, complaint)
    }
}
