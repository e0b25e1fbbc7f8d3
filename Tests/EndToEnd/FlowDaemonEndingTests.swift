import LongwireClient
import LongwireProtocol
import NIOCore
import Testing
import TestSupport

/// Line 3 of what must be shown, with longwired as a process: operators and signals.
@Suite("Endings of longwired", .serialized, .timeLimit(.minutes(2)))
struct FlowDaemonEndingTests {
    // R: D5
    @Test(
        "an operator lists sessions and ends one; its client is told why, the other goes on",
        arguments: FlowUpstream.allCases)
    func byOperator(upstream: FlowUpstream) async throws {
        let daemon = try await FlowDaemon(over: upstream, ["--servlet", "echo"])
        let tap = try await FlowTap(target: daemon.nginx.port)
        let ended = try await FlowClient.connect("http://127.0.0.1:\(tap.port)/longwire/echo")
        let other = try await FlowClient.connect(daemon.url("echo"))
        let list = try await daemon.command("sessions")
        #expect(list.status == .exited(0))
        #expect(list.output.split(separator: "\n").count == 2)
        for client in [ended, other] { #expect(list.output.contains("\(client.session.identifier)")) }

        let closing = try await daemon.command("close", "\(ended.session.identifier)", "--reason", "back at noon")
        #expect(closing.status == .exited(0))
        for try await _ in ended.session.messages {}
        let ending = await ended.session.close()
        #expect(ending.kind == .closed)
        #expect(ending.code == .operatorEnded)
        #expect(ending.reason == "back at noon")
        #expect(ending.isRemote)
        try await eventually("the connection is closed") { tap.log.texts.contains { $0.hasSuffix(" closed") } }
        let steps = ["down CLOSE 11", "up CLOSE 0", "down end"]
        #expect(tap.log.texts.filter(steps.contains) == steps)

        try await other.session.send("still here")
        var messages = other.session.messages.makeAsyncIterator()
        #expect(try await messages.next()?.text == "still here")
        let rest = try await daemon.command("sessions")
        #expect(rest.output.split(separator: "\n").count == 1)
        let again = try await daemon.command("close", "\(ended.session.identifier)")
        #expect(again.status != .exited(0))
        #expect(again.errors.contains("no session"))
        #expect(await other.session.close().kind == .closed)
        try await daemon.stop()
    }

    // R: D5
    @Test("SIGTERM drains: every client is advised, loses nothing, and longwired exits with 0")
    func bySignal() async throws {
        let daemon = try await FlowDaemon(["--servlet", "echo", "--servlet", "clock", "--drain-window", "200ms"])
        var clients: [FlowClient] = []
        for _ in 0..<20 { clients.append(try await FlowClient.connect(daemon.url("echo"))) }
        for client in clients {
            for number in 0..<50 { try await client.session.send(Message(number: number)) }
        }
        daemon.process.terminate()
        for client in clients {
            var count = 0
            for try await message in client.session.messages {
                #expect(message.number == count)
                count += 1
            }
            #expect(count == 50)
            let ending = await client.session.ending
            #expect(ending.kind == .closed)
            #expect(ending.unacknowledged == 0)
            #expect(client.changes.list.contains(.going(.goingAway)))
        }
        #expect(try await daemon.process.waitUntilExit() == .exited(0))
        try await daemon.stop()
    }

    // R: D5
    @Test("a client that does not end is cut at the drain's limit, and told that the server is going away")
    func byDrainLimit() async throws {
        let daemon = try await FlowDaemon(
            ["--servlet", "echo", "--drain-window", "10ms", "--drain-limit", "500ms"])
        let cutter = try await TCPCutter(target: daemon.nginx.port)
        let client = try await FlowClient.connect("http://127.0.0.1:\(cutter.port)/longwire/echo")
        try await client.session.send("here")
        var messages = client.session.messages.makeAsyncIterator()
        #expect(try await messages.next()?.text == "here")
        // Nothing of the client's passes: the server does not get its CLOSE.
        try await cutter.pause(.up)
        daemon.process.terminate()
        #expect(try await daemon.process.waitUntilExit() == .exited(0))
        let ending = await client.session.ending
        #expect(ending.kind == .aborted)
        #expect(ending.code == .goingAway)
        #expect(ending.isRemote)
        try await daemon.stop()
    }

    // R: D4, D9
    @Test("500 sessions ended in five ways leave no session and no descriptor behind", arguments: FlowUpstream.allCases)
    func freed(upstream: FlowUpstream) async throws {
        let daemon = try await FlowDaemon(
            over: upstream, ["--servlet", "echo", "--servlet", "clock", "--resume-time", "300ms"])
        let cutter = try await TCPCutter(target: daemon.nginx.port)
        // Once for what longwired opens when it is first needed, then in earnest.
        try await endInFiveWays(5, at: daemon, through: cutter)
        let before = daemon.process.openDescriptors
        try await endInFiveWays(100, at: daemon, through: cutter)
        try await eventually("no descriptor more than before") {
            // The operator's own connection may still be closing.
            daemon.process.openDescriptors <= before
        }
        try await daemon.stop()
    }

    private func endInFiveWays(_ rounds: Int, at daemon: FlowDaemon, through cutter: TCPCutter) async throws {
        for round in 0..<rounds {
            let straight = daemon.url("echo")
            let cut = "http://127.0.0.1:\(cutter.port)/longwire/echo"
            async let one = FlowClient.connect(straight)
            async let two = FlowClient.connect(straight)
            async let three = FlowClient.connect(daemon.url("clock"))
            async let four = FlowClient.connect(cut)
            async let five = FlowClient.connect(cut)
            let (closing, aborting, clock, lost, reset) = try await (one, two, three, four, five)
            for client in [closing, aborting, lost, reset] { try await client.session.send("round \(round)") }
            #expect(await closing.session.close().kind == .closed)
            aborting.session.abort(CloseCode(rawValue: 1000), reason: "gone")
            #expect(await clock.session.close().kind == .closed)
            try await cutter.cut(round % 2 == 0 ? .close : .reset)
            // One gives up while its line is cut, the other comes back and closes.
            lost.session.abort(.done)
            #expect(await reset.session.close().kind == .closed)
        }
        try await eventually("no session") { try await daemon.command("sessions").output.isEmpty }
    }
}
