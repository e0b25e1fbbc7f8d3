import Foundation
import LongwireClient
import TestSupport
import Testing

/// Programs behind longwired itself: what they get of it, and that they end with it.
@Suite("Programs of longwired", .serialized, .timeLimit(.minutes(3))) struct ExecDaemonTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A program that can be found by its path.
    private func program(_ script: String) throws -> String {
        let path = try folder.write("#!/bin/sh\n" + script + "\n", to: "program")
        try #require(chmod(path, 0o755) == 0)
        return path
    }

    private var processes: [pid_t] { ExecPrograms.processes(naming: folder.path) }

    @Test("Behind nginx the environment is what the docs say, and nothing of longwired's")
    func environment() async throws {
        setenv("LONGWIRE_TEST_SECRET", "of the server", 1)
        let daemon = try await FlowDaemon(["--servlet", "env=exec:env"])
        var configuration = ClientConfiguration()
        configuration.headerFields = [
            ("Authorization", "Basic c2VjcmV0"), ("Proxy", "http://evil.example"), ("X-Custom", "one"),
        ]
        let session = try await Longwire.connect(daemon.url("env?a=b"), configuration: configuration)
        let texts = try await session.remainder().texts
        let variables = Dictionary(
            uniqueKeysWithValues: texts.map { line in
                (String(line.prefix { $0 != "=" }), String(line.drop { $0 != "=" }.dropFirst()))
            })
        let expected = [
            "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST", "SERVER_PROTOCOL": "HTTP/1.1",
            "SCRIPT_NAME": "/longwire/env", "PATH_INFO": "", "REMOTE_ADDR": "127.0.0.1", "SERVER_ADDR": "127.0.0.1",
            "SERVER_PORT": "\(daemon.nginx.port)", "REQUEST_SCHEME": "http", "HTTP_X_CUSTOM": "one",
            "LONGWIRE_SESSION": "\(session.identifier)",
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ]
        for (name, value) in expected { #expect(variables[name] == value, "\(name)") }
        #expect(variables["SERVER_SOFTWARE"]?.hasPrefix("nginx/") == true)
        #expect(variables["QUERY_STRING"]?.hasPrefix("a=b&") == true)
        let others: Set = [
            "SERVER_SOFTWARE", "SERVER_NAME", "QUERY_STRING", "REQUEST_URI", "REMOTE_PORT", "HTTP_HOST", "HTTP_ACCEPT",
            "HTTP_CACHE_CONTROL", "HTTP_INCREMENTAL", "HTTP_USER_AGENT",
        ]
        #expect(Set(variables.keys) == Set(expected.keys).union(others))
        try await daemon.stop()
    }

    @Test("Standard error is in longwired's log with session and servlet; longwire shows code and reason")
    func logAndCode() async throws {
        let daemon = try await FlowDaemon([
            "--servlet", "program=exec:\(try program("echo 'cannot find the moon' >&2; exit 3"))",
        ])
        let client = try await ManagedProcess.run(BuiltProducts.longwire, ["connect", daemon.url("program")])
        #expect(client.status == .exited(10))
        #expect(client.errors.contains("code 1003: the program ended with exit status 3"), "\(client.errors)")
        let line = try await daemon.process.waitForLine(containing: "cannot find the moon")
        #expect(line.contains("servlet=program") && line.contains("session="), "\(line)")
        try await daemon.stop()
    }

    @Test("SIGTERM to longwired ends its programs before itself, also those that ignore it")
    func drained() async throws {
        let daemon = try await FlowDaemon([
            "--servlet", "program=exec:\(try program("trap '' TERM; echo up; while :; do \(Shell.forever); done"))",
            "--drain-window", "0s", "--drain-limit", "0s",
        ])
        var marks: [String] = []
        for _ in 0..<5 {
            let session = try await Longwire.connect(daemon.url("program"))
            var messages = session.messages.makeAsyncIterator()
            #expect(try await messages.next()?.text == "up")
            marks.append("LONGWIRE_SESSION=\(session.identifier)")
        }
        #expect(processes.count == 5)
        daemon.process.terminate()
        #expect(try await daemon.process.waitUntilExit(within: .seconds(60)) == .exited(0))
        // Nor are their children, which the path does not find.
        for mark in marks { #expect(ProcessTable.processes(marked: mark).isEmpty) }
        #expect(processes.isEmpty)
        try await daemon.nginx.stop()
    }

    @Test("A second SIGTERM ends longwired at once, and takes its programs along")
    func endedAtOnce() async throws {
        let daemon = try await FlowDaemon([
            "--servlet", "program=exec:\(try program("trap '' TERM; echo up; while :; do \(Shell.forever); done"))",
        ])
        let session = try await Longwire.connect(daemon.url("program"))
        var messages = session.messages.makeAsyncIterator()
        #expect(try await messages.next()?.text == "up")
        daemon.process.terminate()
        try await daemon.process.waitForLine(containing: "draining")
        daemon.process.terminate()
        #expect(try await daemon.process.waitUntilExit() == .exited(1))
        let mark = "LONGWIRE_SESSION=\(session.identifier)"
        try await eventually("the program is gone") { ProcessTable.processes(marked: mark).isEmpty }
        try await daemon.nginx.stop()
    }

    @Test("When longwired is killed, its programs find the end of their input")
    func killed() async throws {
        let daemon = try await FlowDaemon(["--servlet", "program=exec:\(try program("echo up; cat"))"])
        let session = try await Longwire.connect(daemon.url("program"))
        var messages = session.messages.makeAsyncIterator()
        #expect(try await messages.next()?.text == "up")
        #expect(!processes.isEmpty)
        daemon.process.kill()
        try await eventually("the program is gone") { processes.isEmpty }
        session.abort(.done)
        try await daemon.nginx.stop()
    }

    @Test(
        "Programs leave no descriptor behind, whether they started or not; a program that never reads costs no memory")
    func resources() async throws {
        let script = try program("[ -e \(folder.path("silent")) ] && exec \(Shell.forever); exec cat")
        let daemon = try await FlowDaemon(["--servlet", "program=exec:\(script)", "--servlet", "echo"])
        func oneSession() async throws -> UInt64 {
            let session = try await Longwire.connect(daemon.url("program"))
            session.beginClose()
            return try await session.remainder().ending.code.rawValue
        }
        // The first brings what stays: the library's own descriptors.
        #expect(try await oneSession() == 0)
        try await eventually("idle") { processes.isEmpty }
        // Twenty sessions that left one each would be seen; a connection that is just closing is none.
        let before = daemon.process.openDescriptors
        for _ in 0..<20 { #expect(try await oneSession() == 0) }
        try await eventually("descriptors are closed") { daemon.process.openDescriptors < before + 10 }

        try folder.write("", to: "silent")
        let idle = daemon.process.residentMemory()
        let session = try await Longwire.connect(daemon.url("program"))
        let sending = Task {
            do { while !Task.isCancelled { try await session.send(String(repeating: "x", count: 10_000)) } } catch {}
        }
        try await eventually("the client was stopped") {
            let before = await session.status.unacknowledged
            let other = try await Longwire.connect(daemon.url("echo"))
            for _ in 0..<20 {
                try await other.send("ping")
                var messages = other.messages.makeAsyncIterator()
                #expect(try await messages.next()?.text == "ping")
            }
            await other.close()
            return await session.status.unacknowledged == before && before >= 200_000
        }
        #expect(daemon.process.residentMemory() - idle < 10_000_000)
        // Its command line is sleep's by now; its environment still tells.
        let mark = "LONGWIRE_SESSION=\(session.identifier)"
        #expect(ProcessTable.processes(marked: mark).count == 1)
        #expect(try await daemon.command("close", "\(session.identifier)").status == .exited(0))
        // A client that went on sending would not end.
        sending.cancel()
        await sending.value
        session.beginClose()
        try await eventually("nothing is left") { ProcessTable.processes(marked: mark).isEmpty }

        try await eventually("descriptors are closed") { daemon.process.openDescriptors < before + 10 }
        #expect(chmod(script, 0o644) == 0)
        for _ in 0..<20 { #expect(try await oneSession() == 1404) }
        do {
            try await eventually("descriptors are closed") { daemon.process.openDescriptors < before + 10 }
        } catch {
            Issue.record("\(before) were open before; now: \(Self.descriptors(of: daemon.process.pid))")
        }
        try await daemon.stop()
    }

    private static func descriptors(of pid: pid_t) -> [String] {
        let folder = "/proc/\(pid)/fd"
        return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).map { name in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")) ?? name
        }
    }
}
