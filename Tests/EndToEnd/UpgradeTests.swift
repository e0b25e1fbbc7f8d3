import Foundation
import LongwireClient
import LongwireProtocol
import TestSupport
import Testing

/// A longwired that another takes over from, while it is in use.
@Suite("Upgrading a service", .serialized, .timeLimit(.minutes(flowIsLong ? 15 : 5)))
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

    /// What came of one conversation.
    private struct Account: Sendable {
        var way = UpgradeSite.Way.duplex
        var sent = 0
        var received = 0
        var sessions = 0
        /// Whether something was under way when it was moved: sent, and not come back.
        var wasBusy = false
        var problem: String?
        /// What became of it, for a report.
        var story: [String] = []
    }

    /// How many messages of a conversation may be under way.
    private static let underWay = 2
    /// After how long one that came back lets the next go.
    ///
    /// A message over `stream` or `poll` is a connection from nginx, which gives it up at once where longwired has not
    /// accepted as many before: 5,000 talk with pauses.
    private static let pause = Duration.milliseconds(flowIsLong ? 2_000 : 0)

    /// One session after the other, each message a number: what was sent comes back once and in order, whichever
    /// session carried it.
    ///
    /// - Parameter delay: when the first is sent, so that not all begin at once.
    private static func converse(
        _ series: SessionSeries, after delay: Duration, until isOver: FlowBox<Bool>, begun: FlowBox<Int>
    ) async -> Account {
        let (permits, giver) = AsyncStream.makeStream(of: Void.self)
        for _ in 0..<underWay { giver.yield() }
        let sent = FlowBox(0)
        async let sending: Void = {
            do {
                try await Pace.idle(delay)
                for await _ in permits {
                    if pause > .zero, sent.value >= underWay { try await Pace.idle(pause) }
                    guard !isOver.value else { break }
                    // Before it is sent: it may come back before that is said.
                    let number = sent.change { count in
                        defer { count += 1 }
                        return count
                    }
                    try await series.send(Message(number: number))
                }
                series.beginClose()
            } catch {}
        }()
        var account = Account()
        do {
            for try await event in series.events {
                switch event {
                case .began(let session):
                    account.sessions += 1
                    account.story.append("\(session.identifier) from \(account.received)")
                    if account.sessions == 2 { account.wasBusy = sent.value > account.received }
                case .message(let message):
                    if message.number != account.received {
                        account.problem = "\(message.number ?? -1) came in place of \(account.received)"
                    }
                    account.received += 1
                    if account.received == 1 { begun.change { $0 += 1 } }
                    giver.yield()
                case .ended(let ending):
                    account.story.append("\(ending) at \(account.received) of \(sent.value)")
                    if ending.kind != .closed { account.problem = account.problem ?? "\(ending)" }
                }
            }
        } catch { account.problem = "\(error)" }
        giver.finish()
        await sending
        account.sent = sent.value
        if account.sent != account.received {
            account.problem = account.problem ?? "\(account.sent) were sent, \(account.received) came back"
        }
        return account
    }

    // R: D5
    @Test(
        "sessions with messages under way both ways are moved to the new process: each is told, nothing lost or doubled"
    )
    func sessionsAreMoved() async throws {
        let count = flowIsLong ? 5_000 : 300
        // A drain that is late says which sessions it cut, so its limit may be generous.
        let site = try await UpgradeSite(
            drain: flowIsLong ? "{window: 20s, limit: 5m}" : "{window: 1s, limit: 60s}")
        let (isOver, begun) = (FlowBox(false), FlowBox(0))
        let ways: [UpgradeSite.Way] = [.duplex, .nginxDuplex, .nginxStream, .nginxPoll, .tcp]
        let all = try await withThrowingTaskGroup(of: (UpgradeSite.Way, SessionSeries).self) { group in
            var all: [(UpgradeSite.Way, SessionSeries)] = []
            for index in 0..<count {
                if index >= 50, let series = try await group.next() { all.append(series) }
                let way = ways[index % ways.count]
                group.addTask { (way, try await site.follow(way)) }
            }
            for try await series in group { all.append(series) }
            return all
        }
        let conversing = Task {
            await withTaskGroup(of: Account.self) { group in
                for (index, (way, series)) in all.enumerated() {
                    let delay = Self.pause * index / count
                    group.addTask {
                        var account = await Self.converse(series, after: delay, until: isOver, begun: begun)
                        account.way = way
                        return account
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
        }
        try await eventually(within: .seconds(flowIsLong ? 180 : 60), "something came back to each") {
            begun.value == count
        }
        let peak = FlowBox(0)
        let watching = Task {
            while !isOver.value {
                peak.change { $0 = max($0, site.process.peakResidentMemory()) }
                try await Pace.idle(.milliseconds(100))
            }
        }
        let (old, seconds) = (site.pid, FlowBox(0.0))
        let upgrading = try await flowSeconds {
            try await site.upgrade()
            let drained = try await flowSeconds {
                let status = try await site.process.waitUntilExit(within: .seconds(flowIsLong ? 330 : 90))
                #expect(status == .exited(0), "\(site.process.report)")
            }
            seconds.set(drained)
        }
        #expect(site.pid != old)
        isOver.set(true)
        let accounts = await conversing.value
        try? await watching.value
        let stories = accounts.compactMap { account in
            account.problem.map { "\(account.way): \($0); \(account.story.joined(separator: "; "))" }
        }
        #expect(stories.isEmpty, "\(stories.count) of \(count): \(stories.prefix(20).joined(separator: "\n"))")
        #expect(accounts.allSatisfy { $0.sessions == 2 }, "\(accounts.count { $0.sessions != 2 }) were not told")
        let messages = accounts.reduce(0) { $0 + $1.received }
        let busy = accounts.count(where: \.wasBusy)
        #expect(busy > 0)
        let (before, after) = (peak.value >> 20, (ProcessTable.bytes("VmHWM", of: site.pid) ?? 0) >> 20)
        flowReport(
            "\(count) sessions moved in \(upgrading.short) s, \(seconds.value.short) s of them the drain, \(busy) with "
                + "something under way at that moment; \(messages) messages came back, none is missing; the old process "
                + "had \(before) MiB at most, the new one \(after) MiB")
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
    @Test("a process that was replaced is there for as long as the one that it replaced, which passes on to it")
    func theOneBetweenLasts() async throws {
        let site = try await UpgradeSite(drain: "{window: 200ms, limit: 3s}")
        // One who hears nothing keeps the first process for the whole of its drain.
        let deaf = try ManagedProcess(
            BuiltProducts.longwire, ["connect", "--no-proxy", "--transport", "duplex", site.url(.duplex)],
            input: .pipe)
        try await deaf.write("hello\n")
        try await eventually("it is answered") { deaf.output?.text.contains("hello") == true }
        deaf.send(signal: SIGSTOP)
        try await site.upgrade()
        let between = site.pid
        try await site.upgrade()
        try await eventually(within: .seconds(60), "the process between is gone") {
            ProcessTable.commandLine(of: between).isEmpty
        }
        #expect(!site.process.isRunning, "the first is still there, and whoever it passes something on to is not")
        deaf.kill()
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
    @Test("at every listener as many connections may wait as the system allows, also after an upgrade")
    func connectionsMayWait() async throws {
        let site = try await UpgradeSite()
        let text = try String(contentsOfFile: "/proc/sys/net/core/somaxconn", encoding: .utf8)
        let most = min(4_096, try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines))))
        for _ in 1...2 {
            for (kind, place) in [
                ("-Hltn", "127.0.0.1:\(site.port)"), ("-Hltn", "127.0.0.1:\(site.tcpPort)"), ("-Hlxn", site.socket),
            ] {
                // Of a socket that listens, the column after Recv-Q is the length of its queue.
                let lines = try await ManagedProcess.mustRun("ss", [kind]).split(separator: "\n")
                let words = try #require(lines.map { $0.split(separator: " ") }.first { $0.contains(Substring(place)) })
                let state = try #require(words.firstIndex(of: "LISTEN"))
                #expect(Int(words[state + 2]) == most, "\(words.joined(separator: " "))")
            }
            try await site.upgrade()
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

    @Test("the file of a unix socket that the configuration names no more goes with an upgrade")
    func unixSocketGoes() async throws {
        let site = try await UpgradeSite()
        let text = try String(contentsOfFile: site.file, encoding: .utf8)
        let http = "http: [127.0.0.1:\(site.port)"
        let path = site.folder.path("http")
        try site.folder.write(text.replacing(http + "]", with: http + ", \"unix:\(path)\"]"), to: "longwired.yaml")
        try await site.upgrade()
        #expect(try await site.process.waitUntilExit() == .exited(0), "\(site.process.report)")
        #expect(FileManager.default.fileExists(atPath: path))
        try site.folder.write(text, to: "longwired.yaml")
        try await site.upgrade()
        try await eventually("the file that nobody listens at is gone") {
            !FileManager.default.fileExists(atPath: path)
        }
        try await site.stop()
    }

    // R: D5
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
