import Foundation
import LongwireClient
import TestSupport
import Testing

@Suite("Several processes behind one nginx", .serialized, .timeLimit(.minutes(5)))
struct PathProcessesTests {
    /// Two longwired behind an nginx with the shipped `upstream-several.conf`.
    private final class Site: Sendable {
        let processes: [ManagedProcess]
        let nginx: NginxFixture
        private let folder: TemporaryFolder

        init() async throws {
            let folder = try TemporaryFolder()
            self.folder = folder
            let file = try String(contentsOfFile: Repository.path("nginx/upstream-several.conf"), encoding: .utf8)
            var upstream = file
            processes = try [9000, 9001].map { shipped in
                let port = try FreePort.next()
                upstream = upstream.replacing("127.0.0.1:\(shipped);", with: "127.0.0.1:\(port);")
                return try ManagedProcess(
                    BuiltProducts.longwired,
                    [
                        "--mount", "/several", "--fastcgi", "127.0.0.1:\(port)", "--servlet", "echo",
                        "--control", folder.path("\(shipped).sock"),
                    ])
            }
            var options = NginxFixture.Options(mounts: [])
            options.httpDirectives = upstream
            options.serverDirectives =
                "location ^~ /several/ { fastcgi_pass longwire; include longwire-location.conf; }"
            options.workers = 2
            nginx = try await NginxFixture(options)
            for process in processes { try await process.waitForLine(containing: "serving") }
        }

        /// The identifiers of the sessions that a process has.
        func sessions(of index: Int) async throws -> String {
            let shipped = 9000 + index
            return try await ManagedProcess.run(
                BuiltProducts.longwired, ["sessions", "--control", folder.path("\(shipped).sock")]
            ).output
        }

        func connect(_ transport: TransportKind, onChange: FlowChanges? = nil) async throws -> Session {
            var configuration = ClientConfiguration()
            configuration.transports = [transport]
            configuration.onChange = { onChange?.note($0) }
            return try await Longwire.connect(nginx.url("/several/echo"), configuration: configuration)
        }

        func stop() async throws {
            for process in processes { process.stop() }
            try await nginx.stop()
        }
    }

    private static func echo(_ session: Session, _ texts: [String]) async throws {
        var messages = session.messages.makeAsyncIterator()
        for text in texts {
            try await session.send(text)
            #expect(try await messages.next()?.text == text)
        }
    }

    // R: C3, D1, D8
    @Test("Every request of a session reaches the process that has it; with one killed, the others' sessions go on")
    func affinity() async throws {
        let site = try await Site()
        var sessions: [Session] = []
        for number in 0..<16 { sessions.append(try await site.connect([.stream, .poll, .duplex][number % 3])) }
        for session in sessions { try await Self.echo(session, (1...20).map { "\($0)" }) }
        let (first, second) = (try await site.sessions(of: 0), try await site.sessions(of: 1))
        let mine = sessions.filter { first.contains("\($0.identifier)") }
        let others = sessions.filter { second.contains("\($0.identifier)") }
        // By chance alone one process would have all 16 once in 30,000 times.
        #expect(!mine.isEmpty && !others.isEmpty)
        #expect(mine.count + others.count == 16)

        site.processes[0].kill()
        try await site.processes[0].waitUntilExit()
        for session in others { try await Self.echo(session, ["still here"]) }
        // Who was on the killed one is told that the session is gone, never given another silently.
        for session in mine {
            let ending = await session.ending
            #expect(ending.kind == .lost)
            #expect(ending.code == .noSuchSession)
        }
        // New sessions find the process that is left.
        for _ in 0..<8 {
            let session = try await eventually(within: .seconds(30), valueOf: "a session on the process that is left") {
                do { return try await site.connect(.stream) } catch is ConnectError { return nil as Session? }
            }
            try await Self.echo(session, ["new"])
            #expect(await session.close().kind == .closed)
        }
        for session in others { #expect(await session.close().kind == .closed) }
        try await site.stop()
    }
}
