import Foundation
import LongwireClient
import LongwireTesting
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// Faults of the process and of the machine, rather than of the lines.
@Suite("ChaosProcess", .serialized, .timeLimit(.minutes(3)))
struct ChaosProcessTests {
    private static func start(
        _ folder: TemporaryFolder, _ options: [String] = [], under wrapper: [String] = [],
        environment: [String: String?] = [:]
    ) async throws -> (daemon: ManagedProcess, url: String) {
        let port = try FreePort.next()
        let command =
            wrapper + [
                try BuiltProducts.longwired, "--mount", "/longwire", "--servlet", "echo", "--http", "127.0.0.1:\(port)",
                "--control", folder.path("control.sock"),
            ] + options
        let daemon = try ManagedProcess(command[0], Array(command.dropFirst()), environment: environment)
        try await eventually("longwired listens: \(daemon.report)") {
            guard daemon.isRunning else { throw SystemError("start longwired: \(daemon.report)", code: ECHILD) }
            return Probe.accepts(port: port)
        }
        return (daemon, "http://127.0.0.1:\(port)/longwire/echo")
    }

    private static func connect(_ url: String, _ transport: TransportKind = .duplex) async throws -> Session {
        var configuration = ClientConfiguration()
        configuration.proxy = .none
        configuration.transports = [transport]
        configuration.promotionInterval = .zero
        return try await Longwire(group: MultiThreadedEventLoopGroup.singleton).connect(
            url, configuration: configuration)
    }

    private static func echo(_ session: Session, _ texts: [String]) async throws {
        var messages = session.messages.makeAsyncIterator()
        for text in texts {
            try await session.send(text)
            #expect(try await messages.next()?.text == text)
        }
    }

    // R: D11
    @Test("A server that is stopped and goes on, for longer than silence is borne, loses nothing")
    func stopped() async throws {
        let folder = try TemporaryFolder()
        let (daemon, url) = try await Self.start(folder, ["--heartbeat", "200ms", "--hold", "200ms"])
        for transport in [TransportKind.duplex, .stream, .poll] {
            let session = try await Self.connect(url, transport)
            try await Self.echo(session, ["before"])
            daemon.pause()
            // More than 2.5 heartbeats: the client gives the line up meanwhile.
            try await session.send("meanwhile")
            try await eventually("the client gave the line up") { await session.status.transport == nil }
            daemon.resume()
            var messages = session.messages.makeAsyncIterator()
            #expect(try await messages.next()?.text == "meanwhile")
            try await Self.echo(session, ["after"])
            #expect(await session.close().kind == .closed)
        }
        daemon.stop()
    }

    @Test("Without descriptors it accepts nobody new, keeps whom it has, and accepts again when there are some")
    func descriptors() async throws {
        let folder = try TemporaryFolder()
        let (daemon, url) = try await Self.start(folder)
        let session = try await Self.connect(url)
        try await Self.echo(session, ["before"])
        let open = daemon.openDescriptors
        try await ManagedProcess.mustRun("prlimit", ["--pid", "\(daemon.pid)", "--nofile=\(open + 3):"])
        // Connections that say nothing take what is left.
        let port = url.split(separator: "/")[1].split(separator: ":")[1]
        var lines: [any Channel] = []
        for _ in 0..<10 {
            lines.append(
                try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(host: "127.0.0.1", port: Int(port) ?? 0).get())
        }
        try await eventually("all descriptors are taken") { daemon.openDescriptors >= open + 3 }
        try await Self.echo(session, ["while there are none"])
        for line in lines { try? await line.close() }
        try await ManagedProcess.mustRun("prlimit", ["--pid", "\(daemon.pid)", "--nofile=10000:"])
        let other = try await eventually(within: .seconds(30), valueOf: "a new session") {
            try? await Self.connect(url)
        }
        try await Self.echo(other, ["after"])
        #expect(await other.close().kind == .closed)
        #expect(await session.close().kind == .closed)
        #expect(daemon.isRunning)
        daemon.stop()
    }

    @Test("With the disk of its log full it serves on")
    func diskFull() async throws {
        // Writing there always fails with "no space left on device".
        let folder = try TemporaryFolder()
        let (daemon, url) = try await Self.start(
            folder, ["--log-level", "debug"], under: ["bash", "-c", "exec \"$@\" >/dev/full 2>/dev/full", "full"])
        for _ in 0..<20 {
            let session = try await Self.connect(url)
            try await Self.echo(session, ["served"])
            #expect(await session.close().kind == .closed)
        }
        #expect(daemon.isRunning)
        daemon.stop()
    }

    @Test("The clock of the wall may jump by hours, forth and back, and no session notices")
    func clockJumps() async throws {
        guard let library = Self.fakeTime else { return print("skipped: libfaketime is not installed") }
        let folder = try TemporaryFolder()
        try folder.write("+0\n", to: "time")
        let (daemon, url) = try await Self.start(
            folder,
            [
                "--heartbeat", "300ms", "--hold", "300ms", "--resume-time", "5s", "--greatest-age", "2s", "--log-level",
                "info",
            ],
            // The library sets a variable of its own, which moves the environment away from where a Swift program looks
            // for its arguments; a program before it takes that upon itself.
            under: ["env"],
            environment: [
                "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": folder.path("time"), "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1",
            ])
        var sessions: [Session] = []
        for transport in [TransportKind.duplex, .stream, .poll] {
            sessions.append(try await Self.connect(url, transport))
        }
        for jump in ["+30d", "-30d", "+1h", "-3y", "+0"] {
            try folder.write("\(jump)\n", to: "time")
            for session in sessions { try await Self.echo(session, ["a", jump]) }
        }
        for session in sessions { #expect(await session.close().kind == .closed) }
        // It did jump: what is logged has the time of the wall.
        try folder.write("-3y\n", to: "time")
        let session = try await Self.connect(url)
        #expect(await session.close().kind == .closed)
        let year = Calendar(identifier: .gregorian).component(.year, from: Date()) - 3
        try await eventually("a line of the log is of \(year)") {
            let lines = (daemon.output?.lines ?? []) + (daemon.errors?.lines ?? [])
            return lines.contains { $0.hasPrefix("\(year)-") }
        }
        daemon.stop()
    }

    /// Where Debian has it.
    private static var fakeTime: String? {
        ["x86_64", "aarch64"].map { "/usr/lib/\($0)-linux-gnu/faketime/libfaketimeMT.so.1" }
            .first { FileManager.default.fileExists(atPath: $0) }
    }

    @Test("With its memory limited it serves what fits, and goes on")
    func memoryLimit() async throws {
        let folder = try TemporaryFolder()
        let (daemon, url) = try await Self.start(folder)
        // What it may map beyond what it has: enough to serve, by far not enough for what clients could make it keep.
        let mapped = ProcessTable.bytes("VmSize", of: daemon.pid) ?? 0
        try await ManagedProcess.mustRun(
            "prlimit", ["--pid", "\(daemon.pid)", "--as=\(mapped + 256 << 20)"])
        // Readers that never read: each costs its windows at most.
        var silent: [Session] = []
        for _ in 0..<50 { silent.append(try await Self.connect(url)) }
        let payload = ByteBuffer(repeating: 7, count: 60_000)
        let senders = silent.map { session in Task { while true { try await session.send(payload) } } }
        for session in silent {
            try await eventually("a window is full") { await session.status.unacknowledged > 200_000 }
        }
        let session = try await Self.connect(url)
        try await Self.echo(session, (0..<100).map { "\($0)" })
        #expect(await session.close().kind == .closed)
        for sender in senders { sender.cancel() }
        for session in silent { session.abort(.done) }
        #expect(daemon.isRunning)
        daemon.stop()
    }
}
