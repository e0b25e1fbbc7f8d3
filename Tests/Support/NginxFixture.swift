package import Foundation
import NIOConcurrencyHelpers

/// A real nginx of the system, in the foreground, with a folder and unprivileged loopback ports of its own.
///
/// Its mounts use the location file shipped in `nginx/`, so what is tested is what is shipped. A static page lies at
/// `/` (``page``). Dropping the object kills master and workers and removes the folder.
package final class NginxFixture: Sendable {
    /// The static page at `/`.
    package static let page = "the site goes on as before\n"

    /// The port of the HTTP listener.
    package let port: Int
    /// The port of the HTTPS listener, when there is one.
    package let tlsPort: Int?

    private let folder: TemporaryFolder
    private let process: NIOLockedValueBox<ManagedProcess>

    /// The running nginx master, new after ``restart()``.
    package var master: ManagedProcess { process.withLockedValue { $0 } }

    /// Starts nginx and waits until it accepts connections.
    package init(_ options: Options) async throws {
        let files = FileLimit.raise()
        folder = try TemporaryFolder()
        port = try FreePort.next()
        tlsPort = options.certificates == nil ? nil : try FreePort.next()
        let manager = FileManager.default
        try manager.createDirectory(atPath: folder.path("site"), withIntermediateDirectories: true)
        try folder.write(Self.page, to: "site/index.html")
        try manager.copyItem(
            atPath: Repository.path("nginx/longwire-location.conf"), toPath: folder.path("longwire-location.conf"))
        try folder.write(
            Self.configuration(
                options, folder: folder.path, port: port, tlsPort: tlsPort, root: geteuid() == 0, files: files),
            to: "nginx.conf")
        process = NIOLockedValueBox(try Self.launch(in: folder))
        try await ready()
    }

    /// Starts nginx with one mount.
    package convenience init(_ path: String = "/longwire", to upstream: Upstream) async throws {
        try await self.init(Options(mounts: [Mount(path, to: upstream)]))
    }

    private static func launch(in folder: TemporaryFolder) throws -> ManagedProcess {
        try ManagedProcess(
            "nginx", ["-e", folder.path("error.log"), "-p", folder.path, "-c", folder.path("nginx.conf")])
    }

    private func ready() async throws {
        let master = master
        try await eventually("nginx accepts connections on \(port)") {
            guard master.isRunning else {
                throw TimedOut(description: "nginx did not start: \(master.report)\(self.errorLog)")
            }
            return !self.workerPids().isEmpty && Probe.accepts(port: self.port)
        }
    }

    // MARK: What a person at the machine can do to it

    /// `nginx -s reload`, and waits until all workers are new ones; old ones may go on with open transactions.
    package func reload() async throws {
        let old = Set(workerPids())
        master.send(signal: SIGHUP)
        try await eventually("new workers after the reload") {
            let now = self.workerPids()
            return !now.isEmpty && old.isDisjoint(with: now)
        }
    }

    /// Stops nginx at once, cutting all transactions, and waits until it is gone.
    package func stop() async throws {
        let master = master
        master.terminate()
        try await master.waitUntilExit()
        master.stop()
    }

    /// Tells nginx to end when its transactions have; waits for nothing.
    package func stopGracefully() { master.send(signal: SIGQUIT) }

    /// Starts nginx again after ``stop()``, with the same ports and files.
    package func start() async throws {
        let fresh = try Self.launch(in: folder)
        process.withLockedValue { $0 = fresh }
        try await ready()
    }

    /// ``stop()`` and ``start()``.
    package func restart() async throws {
        try await stop()
        try await start()
    }

    /// SIGKILL to all workers, also those shutting down, and waits until the master has replaced them.
    package func killWorkers() async throws {
        let old = Set(workerPids(shuttingDown: true))
        for pid in old { kill(pid, SIGKILL) }
        try await eventually("new workers in place of the killed") {
            let now = self.workerPids(shuttingDown: true)
            return !now.isEmpty && old.isDisjoint(with: now)
        }
    }

    // MARK: What it shows

    /// The workers that take new connections, or all of them.
    package func workerPids(shuttingDown: Bool = false) -> [pid_t] {
        master.children.filter { pid in
            let text = ProcessTable.commandLine(of: pid)
            return text.contains("worker process") && (shuttingDown || !text.contains("shutting down"))
        }
    }

    /// The ended transactions, oldest first.
    package func accessLog() -> [AccessLogEntry] {
        folder.read("access.log").split(separator: "\n").compactMap { AccessLogEntry($0) }
    }

    /// The ended transactions of paths below a mount.
    package func accessLog(below path: String) -> [AccessLogEntry] {
        accessLog().filter { $0.uri.hasPrefix(path + "/") }
    }

    /// The error log's text.
    package var errorLog: String { folder.read("error.log") }

    /// Both logs' text.
    package var log: String { folder.read("access.log") + folder.read("error.log") }

    /// `http://127.0.0.1:PORT` and a path.
    package func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }

    /// `https://localhost:PORT` and a path; the HTTP one without an HTTPS listener.
    package func tlsURL(_ path: String = "/") -> String {
        tlsPort.map { "https://localhost:\($0)\(path)" } ?? url(path)
    }
}
