import LongwireClient
import NIOCore
import Testing
import TestSupport

/// Line 6 of what must be shown: many sessions at once, and what each costs.
@Suite("A crowd", .serialized, .timeLimit(.minutes(5)))
struct FlowCrowdTests {
    /// Opens many sessions, some at a time.
    private func open(_ count: Int, _ url: String) async throws -> [Session] {
        try await withThrowingTaskGroup(of: Session.self) { group in
            var sessions: [Session] = []
            for index in 0..<count {
                if index >= 100, let session = try await group.next() { sessions.append(session) }
                group.addTask { try await Longwire.connect(url) }
            }
            for try await session in group { sessions.append(session) }
            return sessions
        }
    }

    /// Sends and receives on each session, once a second and spread over it; how many messages came back as sent.
    private func beat(_ sessions: [Session], seconds: Int) async throws -> Int {
        let start = ContinuousClock.now
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for (index, session) in sessions.enumerated() {
                group.addTask {
                    var messages = session.messages.makeAsyncIterator()
                    var count = 0
                    let shift = Duration.microseconds(1_000_000 * index / max(sessions.count, 1))
                    for second in 0..<seconds {
                        try await Pace.idle(until: start + .seconds(second) + shift)
                        try await session.send("\(index) at \(second)")
                        if try await messages.next()?.text == "\(index) at \(second)" { count += 1 }
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
    }

    private func close(_ sessions: [Session]) async -> Int {
        await withTaskGroup(of: Bool.self) { group in
            for session in sessions { group.addTask { await session.close().kind == .closed } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
    }

    // R: D9
    @Test("5,000 sessions through one nginx, each sending and receiving every second: none is lost")
    func fiveThousand() async throws {
        FileLimit.raise()
        let daemon = try await FlowDaemon(["--servlet", "echo"])
        let seconds = flowIsLong ? 30 : 10
        let first = try await open(500, daemon.url("echo"))
        let before = daemon.process.residentMemory()
        let opening = ContinuousClock.now
        let more = try await open(4500, daemon.url("echo"))
        let opened = ContinuousClock.now - opening
        let after = daemon.process.residentMemory()
        flowReport(
            "resident memory of longwired per idle session, inline servlet: \((after - before) / 4500) bytes (4,500 opened in \(opened))"
        )
        let sessions = first + more
        #expect(try await beat(sessions, seconds: seconds) == 5000 * seconds)
        let list = try await daemon.command("sessions")
        #expect(list.output.split(separator: "\n").count == 5000)
        #expect(await close(sessions) == 5000)
        try await eventually("longwired has no session") { try await daemon.command("sessions").output.isEmpty }
        try await eventually("one transaction a session") { daemon.nginx.accessLog().count == 5000 }
        flowReport(
            "longwired after 5,000 sessions of \(seconds) s: greatest resident memory \(daemon.process.peakResidentMemory() >> 20) MiB"
        )
        try await daemon.stop()
    }

    // R: D9
    @Test("an idle session costs little memory, whatever the form of its servlet")
    func asynchronous() async throws {
        FileLimit.raise()
        let plan = FlowPlan(bytes: 0, sizes: 1...1, seed: 1, stopsOnceIn: 0, stops: 0...0)
        for servlet in ["echo", "task"] {
            // A process each: one would build its sessions in what the other's have freed.
            let port = try FreePort.next()
            let server = try FlowRole.start(["server", "127.0.0.1:\(port)", plan.text])
            try await server.waitForLine(containing: "role: serving")
            let nginx = try await NginxFixture(to: .tcp(port: port))
            let first = try await open(500, nginx.url("/longwire/\(servlet)"))
            let before = server.residentMemory()
            let more = try await open(2000, nginx.url("/longwire/\(servlet)"))
            let each = (server.residentMemory() - before) / 2000
            let kind = servlet == "task" ? "async" : "inline"
            flowReport("resident memory per idle session, \(kind) servlet: \(each) bytes")
            // A session that cost as much as its buffers would cost 256 KiB and more.
            #expect(each < 32 << 10)
            #expect(await close(first + more) == 2500)
            try await nginx.stop()
            server.stop()
        }
    }

    // R: D9
    @Test("one client process has sessions with three servers at once")
    func threeServers() async throws {
        let daemons = [
            try await FlowDaemon(over: .tcp, ["--servlet", "echo"]),
            try await FlowDaemon(over: .unix, ["--servlet", "echo"]),
            try await FlowDaemon(over: .tcp, ["--servlet", "echo"]),
        ]
        var sessions: [Session] = []
        for daemon in daemons { sessions += try await open(100, daemon.url("echo")) }
        #expect(try await beat(sessions, seconds: 3) == 900)
        // One server's death is nothing to the sessions with the others.
        daemons[0].process.kill()
        let others = Array(sessions[100...])
        var messages = 0
        for session in others {
            try await session.send("still here")
            if try await session.messages.first(where: { _ in true })?.text == "still here" { messages += 1 }
        }
        #expect(messages == 200)
        #expect(await close(others) == 200)
        for session in sessions[..<100] { session.abort(.done) }
        for daemon in daemons { try await daemon.stop() }
    }
}
