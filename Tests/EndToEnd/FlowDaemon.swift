import LongwireClient
import TestSupport

/// longwired as its users start it, behind an nginx of its own.
final class FlowDaemon: Sendable {
    let folder: TemporaryFolder
    let nginx: NginxFixture
    /// Where it listens for FastCGI over TCP.
    let port: Int
    private let arguments: [String]
    private let environment: [String: String?]
    private let running: FlowBox<ManagedProcess>

    var fastCGIPort: Int { port }
    var process: ManagedProcess { running.value }
    var control: String { folder.path("control.sock") }

    init(
        over upstream: FlowUpstream = .tcp, _ options: [String] = [], environment: [String: String?] = [:]
    ) async throws {
        FileLimit.raise()
        folder = try TemporaryFolder()
        port = try FreePort.next()
        let socket = folder.path("fcgi.sock")
        arguments =
            ["--mount", "/longwire", "--control", folder.path("control.sock")]
            + ["--fastcgi", upstream == .tcp ? "127.0.0.1:\(port)" : "unix:\(socket)"] + options
        self.environment = environment
        running = FlowBox(try ManagedProcess(BuiltProducts.longwired, arguments, environment: environment))
        nginx = try await NginxFixture(to: upstream == .tcp ? .tcp(port: port) : .unix(path: socket))
        try await running.value.waitForLine(containing: "serving")
    }

    func url(_ servlet: String) -> String { nginx.url("/longwire/\(servlet)") }

    /// Kills it with SIGKILL and starts another on the same address.
    func killAndRestart() async throws {
        process.kill()
        try await process.waitUntilExit()
        running.set(try ManagedProcess(BuiltProducts.longwired, arguments, environment: environment))
        try await process.waitForLine(containing: "serving")
    }

    /// Ends longwired and nginx; called at the end of each test, which so keeps them to there.
    func stop() async throws {
        process.stop()
        try await nginx.stop()
    }

    /// Runs `longwired COMMAND --control …` to its end.
    func command(_ arguments: String...) async throws -> ManagedProcess.Result {
        try await ManagedProcess.run(BuiltProducts.longwired, arguments + ["--control", control])
    }
}
