import LongwireTesting
import NIOCore
import TestSupport

/// A longwired as its users start it, with nginx before it, and a proxy that damages lines before each of its doors.
final class ChaosDaemon: Sendable {
    let daemon: ManagedProcess
    let nginx: NginxFixture
    /// Before nginx, before the built-in listener, and before bare TCP.
    let web: ChaosProxy
    let http: ChaosProxy
    let tcp: ChaosProxy
    private let folder: TemporaryFolder

    init() async throws {
        folder = try TemporaryFolder()
        let ports = (fastCGI: try FreePort.next(), http: try FreePort.next(), tcp: try FreePort.next())
        daemon = try ManagedProcess(
            BuiltProducts.longwired,
            [
                "--mount", "/longwire", "--servlet", "echo", "--control", folder.path("control.sock"),
                "--fastcgi", "127.0.0.1:\(ports.fastCGI)", "--http", "127.0.0.1:\(ports.http)",
                "--tcp", "127.0.0.1:\(ports.tcp)", "--heartbeat", "1s", "--hold", "1s", "--resume-time", "10s",
                "--linger", "2s", "--time-to-open", "3s", "--remembered-endings", "500", "--log-level", "warning",
            ])
        nginx = try await NginxFixture(to: .tcp(port: ports.fastCGI))
        func proxy(_ target: Int, _ seed: UInt64) async throws -> ChaosProxy {
            var plan = ChaosPlan(
                seed: seed, kinds: ChaosPlan.Kind.allCases.filter { $0 != .corrupt }, over: .seconds(60), count: 40,
                longest: .seconds(2))
            plan.period = .seconds(60)
            return try await ChaosProxy.start(port: FreePort.next(), to: target, plan: plan, seed: seed)
        }
        web = try await proxy(nginx.port, 1)
        http = try await proxy(ports.http, 2)
        tcp = try await proxy(ports.tcp, 3)
        try await eventually("longwired listens") { Probe.accepts(port: ports.http) }
    }

    /// How many sessions it has.
    func sessionCount() async throws -> Int {
        let result = try await ManagedProcess.run(
            BuiltProducts.longwired, ["sessions", "--control", folder.path("control.sock")])
        return result.output.split(separator: "\n").count { $0.contains("echo") }
    }

    func heal() async throws { for proxy in [web, http, tcp] { try await proxy.heal() } }

    func stop() async throws {
        for proxy in [web, http, tcp] { try await proxy.stop() }
        daemon.stop()
        try await nginx.stop()
    }
}
