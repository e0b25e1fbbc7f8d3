import Foundation
import LongwireClient
import TestSupport
import Testing

/// The protocol between longwired and its service manager, spoken by the test.
@Suite("A service and its manager", .timeLimit(.minutes(2)))
struct ServiceNotifyTests {
    /// longwired over HTTP, with a manager.
    private static func start(
        _ manager: ServiceManagerDouble, _ folder: TemporaryFolder, port: Int, _ options: [String] = [],
        environment: [String: String?] = [:], activated: Bool = false
    ) throws -> ManagedProcess {
        try ManagedProcess(
            BuiltProducts.longwired,
            ["--http", "127.0.0.1:\(port)", "--servlet", "echo", "--control", folder.path("control")] + options,
            environment: environment.merging(["NOTIFY_SOCKET": manager.address]) { $1 })
    }

    @Test("it is ready once it serves, not before, wherever the manager listens", arguments: [false, true])
    func readyOnceServing(isAbstract: Bool) async throws {
        let (manager, folder) = (try ServiceManagerDouble(isAbstract: isAbstract), try TemporaryFolder())
        let port = try FreePort.next()
        let longwired = try Self.start(manager, folder, port: port)
        let ready = try await manager.waitFor("READY=1")
        // No second try: whoever is told may rely on it.
        let session = try await Longwire.connect("http://127.0.0.1:\(port)/longwire/echo")
        #expect(await session.close().kind == .closed)
        #expect(manager.notices.first?.text == ready.text)
        #expect(ready["STATUS"] == "0 sessions at /longwire; servlets: echo")
        longwired.terminate()
        #expect(try await longwired.waitUntilExit() == .exited(0), "\(longwired.report)")
    }

    @Test("it is never ready where one of its addresses cannot be had")
    func neverReady() async throws {
        let (manager, folder) = (try ServiceManagerDouble(), try TemporaryFolder())
        let taken = try await NginxFixture(to: .tcp(port: try FreePort.next()))
        let longwired = try Self.start(
            manager, folder, port: try FreePort.next(), ["--http", "127.0.0.1:\(taken.port)"])
        let status = try await longwired.waitUntilExit()
        #expect(status != .exited(0), "\(longwired.report)")
        #expect(manager.notices.isEmpty)
    }

    @Test("it says that it stops before anything ends, how long that may take, and how many are left")
    func stopping() async throws {
        let (manager, folder) = (try ServiceManagerDouble(), try TemporaryFolder())
        let port = try FreePort.next()
        let longwired = try Self.start(
            manager, folder, port: port, ["--drain-window", "0s", "--drain-limit", "7m"])
        try await manager.waitFor("READY=1")
        let session = try await Longwire.connect("http://127.0.0.1:\(port)/longwire/echo")
        longwired.terminate()
        let notice = try await manager.waitFor("STOPPING=1")
        #expect(notice["EXTEND_TIMEOUT_USEC"].flatMap(Int.init) ?? 0 > 420_000_000)
        #expect(notice["STATUS"] == "Draining: 1 session left")
        #expect(await session.ending.kind == .closed)
        #expect(try await longwired.waitUntilExit() == .exited(0), "\(longwired.report)")
        #expect(manager.notices.last?["STOPPING"] == "1")
    }

    @Test("its status line follows the number of sessions")
    func statusLine() async throws {
        let (manager, folder) = (try ServiceManagerDouble(), try TemporaryFolder())
        let port = try FreePort.next()
        let longwired = try Self.start(manager, folder, port: port, ["--mount", "/talk", "--servlet", "room=chat"])
        try await manager.waitFor("READY=1")
        let session = try await Longwire.connect("http://127.0.0.1:\(port)/talk/echo")
        try await manager.waitFor("STATUS=1 session at /talk; servlets: echo, room")
        await session.close()
        try await manager.waitFor("STATUS=0 sessions at /talk; servlets: echo, room", times: 2)
        longwired.stop()
    }

    // MARK: Watchdog

    @Test("it beats as long as all of its event loops answer, and no longer", .enabled(if: StoppedThread.isAllowed))
    func hungLoop() async throws {
        let (manager, folder) = (try ServiceManagerDouble(), try TemporaryFolder())
        let port = try FreePort.next()
        let longwired = try Self.start(
            manager, folder, port: port, ["--loops", "3"], environment: ["WATCHDOG_USEC": "100000"])
        try await manager.waitFor("WATCHDOG=1", times: 10)
        let loops = try StoppedThread.threads(of: longwired.pid, named: "NIO-ELT")
        #expect(loops.count == 3)
        for loop in loops {
            // One loop is held; the process and the other loops go on.
            let held = try await StoppedThread(loop)
            let before = manager.notices(saying: "WATCHDOG=1").count
            try await Pace.idle(.seconds(1))
            let after = manager.notices(saying: "WATCHDOG=1").count
            // A round that was under way may still have come to its end; ten would have followed.
            #expect(after - before <= 2, "loop \(loop) held")
            try await held.resume()
            try await manager.waitFor("WATCHDOG=1", times: after + 10)
        }
        longwired.terminate()
        #expect(try await longwired.waitUntilExit() == .exited(0), "\(longwired.report)")
    }

    @Test("a watchdog that is meant for another process gets no beat")
    func foreignWatchdog() async throws {
        let (manager, folder) = (try ServiceManagerDouble(), try TemporaryFolder())
        let port = try FreePort.next()
        let longwired = try Self.start(
            manager, folder, port: port, environment: ["WATCHDOG_USEC": "20000", "WATCHDOG_PID": "1"])
        try await manager.waitFor("READY=1")
        let session = try await Longwire.connect("http://127.0.0.1:\(port)/longwire/echo")
        // The status line comes after five seconds, hundreds of beats later.
        try await manager.waitFor("STATUS=1 session at /longwire; servlets: echo")
        #expect(manager.notices(saying: "WATCHDOG=1").isEmpty)
        await session.close()
        longwired.stop()
    }

    // MARK: What must not hurt

    @Test(
        "an address that cannot be is said once, and it serves all the same",
        arguments: ["vsock:2:1", "relative/path", "/" + String(repeating: "x", count: 200), "@"])
    func badAddress(address: String) async throws {
        let folder = try TemporaryFolder()
        let longwired = try ManagedProcess(
            BuiltProducts.longwired,
            ["--http", "127.0.0.1:\(try FreePort.next())", "--servlet", "echo", "--control", folder.path("control")],
            environment: ["NOTIFY_SOCKET": address])
        try await longwired.waitForLine(containing: "NOTIFY_SOCKET is no path and no abstract socket")
        try await longwired.waitForLine(containing: "serving")
        longwired.terminate()
        #expect(try await longwired.waitUntilExit() == .exited(0), "\(longwired.report)")
    }

    @Test("a manager that has gone away is no reason to end")
    func managerGone() async throws {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        let longwired = try ManagedProcess(
            BuiltProducts.longwired,
            ["--http", "127.0.0.1:\(port)", "--servlet", "echo", "--control", folder.path("control")],
            environment: ["NOTIFY_SOCKET": folder.path("nobody"), "WATCHDOG_USEC": "20000"])
        try await longwired.waitForLine(containing: "the service manager was not told")
        let session = try await Longwire.connect("http://127.0.0.1:\(port)/longwire/echo")
        #expect(await session.close().kind == .closed)
        longwired.terminate()
        #expect(try await longwired.waitUntilExit() == .exited(0), "\(longwired.report)")
    }
}
