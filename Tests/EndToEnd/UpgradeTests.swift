import Foundation
import LongwireClient
import LongwireProtocol
import TestSupport
import Testing

/// A longwired that another takes over from, while it is in use.
@Suite("Upgrading a service", .serialized, .timeLimit(.minutes(5)))
struct UpgradeTests {
    /// Opens sessions, one after the other, says a word in each and expects it back once.
    private struct Hammer: Sendable {
        let opened = FlowBox(0)
        let failures = FlowBox<[String]>([])
        let isOver = FlowBox(false)

        func run(_ site: UpgradeSite, _ way: UpgradeSite.Way) async {
            while !isOver.value {
                do {
                    let series = try await site.follow(way)
                    let word = "word \(opened.change { $0 += 1; return $0 })"
                    try await series.send(word)
                    var answers: [String] = []
                    for try await event in series.events {
                        guard case .message(let message) = event else { continue }
                        answers.append(message.text)
                        series.beginClose()
                    }
                    let all = answers
                    if all != [word] { failures.change { $0.append("\(way): \(all) in place of \(word)") } }
                } catch { failures.change { $0.append("\(way): \(error)") } }
            }
        }
    }

    // R: D5
    @Test("no opening is refused and none fails, over any way, while longwired is replaced three times in a row")
    func nothingIsRefused() async throws {
        let site = try await UpgradeSite()
        let hammers = UpgradeSite.Way.allCases.map { ($0, Hammer()) }
        let running = hammers.map { way, hammer in Task { await hammer.run(site, way) } }
        for round in 1...3 {
            let before = hammers.map { $0.1.opened.value }
            try await eventually(within: .seconds(60), "every way is in use before upgrade \(round)") {
                zip(hammers, before).allSatisfy { $0.0.1.opened.value > $0.1 + 2 || !$0.0.1.failures.value.isEmpty }
            }
            try await site.upgrade()
        }
        let before = hammers.map { $0.1.opened.value }
        try await eventually(within: .seconds(60), "every way is in use after the last upgrade") {
            zip(hammers, before).allSatisfy { $0.0.1.opened.value > $0.1 + 2 || !$0.0.1.failures.value.isEmpty }
        }
        for (_, hammer) in hammers { hammer.isOver.set(true) }
        for task in running { await task.value }
        for (way, hammer) in hammers {
            #expect(hammer.failures.value.isEmpty, "\(way): \(hammer.failures.value.prefix(3))")
        }
        let counts = hammers.map { "\($0.1.opened.value) \($0.0)" }.joined(separator: ", ")
        flowReport("sessions opened through three upgrades, none refused: \(counts)")
        // The first of the four has drained, and ended in good order.
        #expect(try await site.process.waitUntilExit() == .exited(0), "\(site.process.report)")
        try await site.stop()
    }

    /// One session after the other, each message a number: what was sent comes back once and in order, whichever
    /// session carried it.
    private static func converse(_ series: SessionSeries, until isOver: FlowBox<Bool>, begun: FlowBox<Int>) async -> (
        sent: Int, received: Int, sessions: Int, problem: String?
    ) {
        async let sending: Int = {
            var sent = 0
            do {
                while !isOver.value {
                    try await series.send(Message(number: sent))
                    sent += 1
                    try await Pace.idle(.milliseconds(200))
                }
                series.beginClose()
            } catch {}
            return sent
        }()
        var (received, sessions) = (0, 0)
        var problem: String?
        do {
            for try await event in series.events {
                switch event {
                case .began: sessions += 1
                case .message(let message):
                    if message.number != received { problem = "\(message.number ?? -1) came in place of \(received)" }
                    received += 1
                    if received == 1 { begun.change { $0 += 1 } }
                case .ended(let ending): if ending.kind != .closed { problem = problem ?? "\(ending)" }
                }
            }
        } catch { problem = "\(error)" }
        let sent = await sending
        if sent != received { problem = problem ?? "\(sent) were sent, \(received) came back" }
        return (sent, received, sessions, problem)
    }

    // R: D5
    @Test("sessions in full flow are moved to the new process: each is told, no message is lost or doubled")
    func sessionsAreMoved() async throws {
        let count = flowIsLong ? 5_000 : 300
        let site = try await UpgradeSite(drain: "{window: \(flowIsLong ? "10s" : "1s"), limit: 60s}")
        let (isOver, begun) = (FlowBox(false), FlowBox(0))
        let ways: [UpgradeSite.Way] = [.duplex, .nginxDuplex, .nginxStream, .nginxPoll, .tcp]
        let all = try await withThrowingTaskGroup(of: SessionSeries.self) { group in
            var all: [SessionSeries] = []
            for index in 0..<count {
                if index >= 50, let series = try await group.next() { all.append(series) }
                group.addTask { try await site.follow(ways[index % ways.count]) }
            }
            for try await series in group { all.append(series) }
            return all
        }
        let conversing = Task {
            await withTaskGroup(of: (sent: Int, received: Int, sessions: Int, problem: String?).self) { group in
                for series in all { group.addTask { await Self.converse(series, until: isOver, begun: begun) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
        }
        try await eventually(within: .seconds(60), "all flow") { begun.value == count }
        let seconds = try await flowSeconds {
            try await site.upgrade()
            #expect(try await site.process.waitUntilExit(within: .seconds(90)) == .exited(0), "\(site.process.report)")
        }
        isOver.set(true)
        let accounts = await conversing.value
        let wrong = accounts.compactMap(\.problem)
        #expect(wrong.isEmpty, "\(wrong.count) of \(count), such as \(wrong.prefix(3))")
        #expect(accounts.allSatisfy { $0.sessions == 2 }, "\(accounts.count { $0.sessions != 2 }) were not told")
        let messages = accounts.reduce(0) { $0 + $1.received }
        flowReport("\(count) sessions moved in \(seconds.short) s; \(messages) messages came back, none is missing")
        try await site.stop()
    }

    // R: D5
    @Test(
        "a session goes on with the old process until its turn comes, whichever process its requests come to",
        arguments: [UpgradeSite.Way.nginxStream, .nginxPoll, .stream, .poll])
    func requestsFindTheirProcess(way: UpgradeSite.Way) async throws {
        let site = try await UpgradeSite(drain: "{window: 20s, limit: 60s}")
        // The first is advised at once, the others in the course of the window.
        var all: [SessionSeries] = []
        for _ in 0..<4 { all.append(try await site.follow(way)) }
        try await site.upgrade()
        let old = try await withThrowingTaskGroup(of: Bool.self) { group in
            for series in all {
                let first = series.session.identifier
                group.addTask {
                    var events = series.events.makeAsyncIterator()
                    try await series.send("who is there?")
                    var sessions = 0
                    while let event = try await events.next() {
                        if case .began = event { sessions += 1 }
                        if case .message(let message) = event {
                            #expect(message.text == "who is there?")
                            break
                        }
                    }
                    return sessions == 1 && series.session.identifier == first
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(old >= 2, "\(old) of 4 were answered by the process that had them")
        for series in all { #expect(await series.close().kind == .closed) }
        #expect(try await site.process.waitUntilExit(within: .seconds(60)) == .exited(0), "\(site.process.report)")
        try await site.stop()
    }

    // R: D5
    @Test("a configuration that is wrong leaves the old process serving, and says why")
    func wrongConfiguration() async throws {
        let site = try await UpgradeSite()
        let series = try await site.follow(.duplex)
        let text = try String(contentsOfFile: site.file, encoding: .utf8)
        try site.folder.write(text + "limits: {sessions: many}\n", to: "longwired.yaml")
        let result = try await site.tryUpgrade()
        #expect(result.status != .exited(0))
        #expect(result.errors.contains("the new longwired did not start: "), "\(result.errors)")
        #expect(result.errors.contains("\"many\" cannot be; write a number"), "\(result.errors)")
        var events = series.events.makeAsyncIterator()
        _ = try await events.next()
        try await series.send("still there")
        guard case .message(let message) = try await events.next() else {
            Issue.record("no answer")
            return
        }
        #expect(message.text == "still there")
        // An address that cannot be had is as wrong as a key.
        try site.folder.write(
            text.replacing("http: [", with: "http: [127.0.0.1:\(site.nginx.port), "), to: "longwired.yaml")
        let taken = try await site.tryUpgrade()
        #expect(
            taken.errors.contains("Another process listens on 127.0.0.1 port \(site.nginx.port)"), "\(taken.errors)")
        // And it can be made right.
        try site.folder.write(text, to: "longwired.yaml")
        try await site.upgrade()
        #expect(await series.close().kind == .closed)
        #expect(try await site.process.waitUntilExit() == .exited(0), "\(site.process.report)")
        try await site.stop()
    }

    // R: D5
    @Test("the file of a unix socket stays as it is, and goes with the last process")
    func unixSocketStays() async throws {
        let site = try await UpgradeSite()
        let before = try await ManagedProcess.mustRun("stat", ["-c", "%i %a %U", site.socket, site.control])
        try await site.upgrade()
        #expect(try await site.process.waitUntilExit() == .exited(0), "\(site.process.report)")
        #expect(try await ManagedProcess.mustRun("stat", ["-c", "%i %a %U", site.socket, site.control]) == before)
        #expect(kill(site.pid, SIGTERM) == 0)
        try await eventually("the last process takes its files along") {
            !FileManager.default.fileExists(atPath: site.socket)
                && !FileManager.default.fileExists(atPath: site.control)
        }
        try await site.stop()
    }

    // R: D5
    @Test("the service manager is told which process is the service, and then hears the new one alone")
    func managerIsTold() async throws {
        let manager = try ServiceManagerDouble()
        let site = try await UpgradeSite(environment: ["NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "400000"])
        try await manager.waitFor("READY=1")
        try await site.upgrade()
        try await manager.waitFor("MAINPID=\(site.pid)")
        try await eventually("the new process is ready") {
            manager.notices.drop { $0["MAINPID"] == nil }.contains { $0["READY"] == "1" }
        }
        #expect(try await site.process.waitUntilExit() == .exited(0), "\(site.process.report)")
        #expect(!manager.notices.contains { $0["STOPPING"] != nil })
        let beats = manager.notices.count { $0["WATCHDOG"] == "1" }
        try await eventually("the new process's loops answer") {
            manager.notices.count { $0["WATCHDOG"] == "1" } > beats
        }
        try await site.stop()
    }

    // R: D5
    @Test("a listener that is new in the configuration is there afterwards, and one that is gone is not")
    func listenersChange() async throws {
        let site = try await UpgradeSite()
        let port = try FreePort.next()
        let text = try String(contentsOfFile: site.file, encoding: .utf8)
        try site.folder.write(
            text.replacing("http: [127.0.0.1:\(site.port)]", with: "http: [127.0.0.1:\(port)]"), to: "longwired.yaml")
        try await site.upgrade()
        #expect(try await site.process.waitUntilExit() == .exited(0), "\(site.process.report)")
        let session = try await Longwire.connect("http://127.0.0.1:\(port)/longwire/echo")
        #expect(await session.close().kind == .closed)
        await #expect {
            _ = try await Longwire.connect("http://127.0.0.1:\(site.port)/longwire/echo")
        } throws: { ($0 as? ConnectError)?.kind == .refused }
        try await site.stop()
    }

    @Test("sockets that a service manager passes serve HTTP and bare TCP too, and survive an upgrade")
    func passedSockets() async throws {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        let listening = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listening) }
        // The port is kept free for us by a socket that allows this.
        var yes: Int32 = 1
        setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listening, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0 && listen(listening, 100) == 0)
        let process = try ManagedProcess(
            BuiltProducts.longwired,
            [
                "--http", "systemd:web", "--servlet", "echo", "--drain-window", "0s", "--control",
                folder.path("control"),
            ], environment: ["LISTEN_FDNAMES": "web"], passing: [listening], activated: true)
        try await process.waitForLine(containing: "serving")
        let url = "http://127.0.0.1:\(port)/longwire/echo"
        #expect(await (try await Longwire.connect(url)).close().kind == .closed)
        try await ManagedProcess.mustRun(BuiltProducts.longwired, ["upgrade", "--control", folder.path("control")])
        #expect(try await process.waitUntilExit() == .exited(0), "\(process.report)")
        #expect(await (try await Longwire.connect(url)).close().kind == .closed)
        process.stop()
    }
}
