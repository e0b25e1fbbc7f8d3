import Foundation
import LongwireClient
import LongwireProtocol
import TestSupport
import Testing

/// What longwired does on each signal besides SIGHUP.
@Suite(.serialized, .timeLimit(.minutes(3))) struct SignalTests {
    // R: D5
    @Test func usr1LetsSessionsEndByThemselvesAndRefusesNewOnes() async throws {
        let site = try await ConfigSite("servlets: {a: echo}\ndrain: {limit: 10ms, window: 0s}\n")
        let client = try await site.connect("a")
        #expect(try await client.echoes("before"))
        site.process.send(signal: SIGUSR1)
        try await site.process.waitForLine(containing: "finishing")
        await #expect {
            _ = try await site.connect("a")
        } throws: { ($0 as? ConnectError)?.kind == .refusedByServer(.goingAway) }
        // It was not advised to come to its end, and is not cut.
        #expect(try await client.echoes("after"))
        #expect(!client.changes.list.contains(.going(.goingAway)))
        #expect(site.process.isRunning)
        #expect(await client.session.close().kind == .closed)
        #expect(try await site.process.waitUntilExit() == .exited(0), "\(site.process.report)")
    }

    // R: D5
    @Test(arguments: [SIGTERM, SIGINT]) func aDrainMayFollowUsr1AndASecondSignalEndsNow(signal: Int32) async throws {
        let site = try await ConfigSite("servlets: {a: echo}\ndrain: {limit: 1h, window: 0s}\n")
        let cutter = try await TCPCutter(target: site.port)
        let client = try await FlowClient.connect("http://127.0.0.1:\(cutter.port)/longwire/a")
        #expect(try await client.echoes("before"))
        site.process.send(signal: SIGUSR1)
        try await site.process.waitForLine(containing: "finishing")
        // Its answer to the advice does not pass, so the drain waits.
        try await cutter.pause(.up)
        site.process.send(signal: signal)
        try await site.process.waitForLine(containing: "draining")
        #expect(site.process.isRunning)
        site.process.send(signal: signal)
        #expect(try await site.process.waitUntilExit() == .exited(1), "\(site.process.report)")
        #expect(site.lines.contains { $0.contains("ending now") })
    }

    // R: D5
    @Test func quitEndsAtOnce() async throws {
        let site = try await ConfigSite("servlets: {a: echo}\n")
        let client = try await site.connect("a")
        #expect(try await client.echoes("before"))
        site.process.send(signal: SIGQUIT)
        #expect(try await site.process.waitUntilExit() == .exited(1))
        client.session.abort(.done)
    }

    @Test func usr2WritesTheStatusToTheLog() async throws {
        let site = try await ConfigSite("servlets: {a: echo, b: echo, c: echo}\n")
        var clients: [FlowClient] = []
        for name in ["a", "a", "b"] { clients.append(try await site.connect(name)) }
        site.process.send(signal: SIGUSR2)
        let line = try await site.process.waitForLine(containing: "longwired: status")
        #expect(line.hasSuffix("mount=/longwire servlets.a=2 servlets.b=1 sessions=3"), "\(line)")
        for client in clients { #expect(await client.session.close().kind == .closed) }
    }

    // R: D5
    @Test func aDrainOfThousandsOfSessionsLosesNothing() async throws {
        let count = flowIsLong ? 5_000 : 1_000
        let site = try await ConfigSite("servlets: {a: echo}\ndrain: {limit: 120s, window: 1s}\n")
        var clients: [FlowClient] = []
        while clients.count < count {
            clients += try await withThrowingTaskGroup(of: FlowClient.self) { group in
                for _ in 0..<50 { group.addTask { try await site.connect("a") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        for client in clients { try await client.session.send("the last") }
        site.process.terminate()
        for client in clients {
            var texts: [String] = []
            for try await message in client.session.messages { texts.append(message.text) }
            #expect(texts == ["the last"])
            let ending = await client.session.ending
            #expect(ending.kind == .closed && ending.unacknowledged == 0)
        }
        #expect(try await site.process.waitUntilExit(within: .seconds(120)) == .exited(0), "\(site.process.report)")
    }
}
