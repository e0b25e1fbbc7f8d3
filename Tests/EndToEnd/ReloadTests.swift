import Foundation
import LongwireClient
import LongwireProtocol
import NIOCore
import TestSupport
import Testing

/// SIGHUP: a new configuration comes into force as a whole or not at all, and no session notices.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ReloadTests {
    // R: D5
    @Test func sessionsOfBeforeGoOnAndNewOnesGetWhatIsNew() async throws {
        let site = try await ConfigSite("servlets: {same: chat, other: echo, gone: echo}\n")
        let same = try await site.connect("same")
        var talk = same.session.messages.makeAsyncIterator()
        #expect(try await talk.next()?.text.hasSuffix("joined") == true)
        let other = try await site.connect("other")
        let cutter = try await TCPCutter(target: site.port)
        let gone = try await FlowClient.connect("http://127.0.0.1:\(cutter.port)/longwire/gone")
        #expect(try await other.echoes("before"))
        #expect(try await gone.echoes("before"))

        try await site.reload(
            "servlets: {same: chat, other: clock, new: echo}\nlog: {level: info}\nlimits: {sessions: 6}\n",
            expecting: "longwired: reloaded")
        let line = try #require(site.lines.last { $0.contains("longwired: reloaded") })
        for fact in ["added=new", "removed=gone", "replaced=other", "log.level=info", "limits.sessions=6"] {
            #expect(line.contains(fact), "\(line)")
        }
        #expect(!line.contains("session."), "\(line)")

        // Old sessions keep their servlet, also one that is gone, and also over another line.
        #expect(try await other.echoes("after"))
        #expect(try await gone.echoes("after"))
        try await cutter.cut(.reset)
        #expect(try await gone.echoes("on another line"))
        #expect(gone.changes.connections == 2)
        // New ones get what is new.
        #expect(try await site.connect("new").echoes("hello"))
        let clock = try await site.connect("other")
        var ticks = clock.session.messages.makeAsyncIterator()
        #expect(try await ticks.next()?.text.contains { $0.isNumber } == true)
        await #expect {
            _ = try await site.connect("gone")
        } throws: {
            ($0 as? ConnectError)?.kind == .status(404) && "\($0)".contains("Nothing is mounted at /longwire/gone.")
        }
        // What did not change is the same: the room of before.
        let second = try await site.connect("same")
        #expect(try await talk.next()?.text.hasSuffix("joined") == true)
        // The sixth of six; one more is one too many.
        await #expect {
            _ = try await site.connect("new")
        } throws: { ($0 as? ConnectError)?.kind == .refusedByServer(.overloaded) }
        #expect(site.lines.contains { $0.contains("info longwired: session opened") })
        for client in [same, other, gone, clock, second] { #expect(await client.session.close().kind == .closed) }
    }

    // R: D5
    @Test func aConfigurationThatIsWrongChangesNothingAndIsNamedInTheLog() async throws {
        let old = "servlets: {a: echo}\n"
        let site = try await ConfigSite(old)
        let client = try await site.connect("a")
        #expect(try await client.echoes("before"))
        let wrong = [
            ("servlets: {a: clock, b: echo}\nsession: {heartbeat: never}\n", ":4:22: \"never\" is no time"),
            ("servlets: {a: clock, b: echo}\nnonsense: 1\n", ":4:1: nonsense is not a key"),
            ("servlets: {a: clock, b: exec:/no/such/program}\n", ":3:22: b: "),
            (
                "servlets: {a: clock, b: echo}\nmount: /other\n",
                ":4:8: mount cannot change while longwired runs; it is /longwire"
            ),
            (
                "servlets: {a: clock, b: echo}\nloops: 7\n",
                ":4:8: loops cannot change while longwired runs; it is not set"
            ),
            ("servlets: {a: clock, b: echo\n", "this is not YAML"),
        ]
        for (text, sentence) in wrong {
            try await site.reload(text, expecting: "not reloaded")
            let line = try #require(site.lines.last { $0.contains("not reloaded") })
            #expect(line.contains("error longwired: ") && line.contains(site.file), "\(line)")
            #expect(line.contains(sentence), "\(line)")
            #expect(try await client.echoes("still"))
            #expect(try await site.connect("a").echoes("new"))
            await #expect {
                _ = try await site.connect("b")
            } throws: { ($0 as? ConnectError)?.kind == .status(404) }
        }
        // A right one is taken afterwards.
        try await site.reload("servlets: {a: echo, b: echo}\n", expecting: "longwired: reloaded")
        #expect(try await site.connect("b").echoes("new"))
        #expect(!site.lines.contains { $0.contains("reloaded") && $0.contains("replaced") })
        try FileManager.default.removeItem(atPath: site.file)
        site.process.send(signal: SIGHUP)
        try await site.process.waitForLine(containing: "the configuration file does not exist")
        #expect(try await client.echoes("still"))
    }

    // R: D5
    @Test func aHundredSessionsAtWorkLoseNothingInTenReloads() async throws {
        let site = try await ConfigSite("servlets: {a: echo}\n")
        let rounds = flowIsLong ? 2_000 : 300
        var clients: [FlowClient] = []
        for _ in 0..<100 { clients.append(try await site.connect("a")) }
        let worked = FlowBox(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in clients {
                group.addTask {
                    async let sending: Void = {
                        for number in 0..<rounds { try await client.session.send(Message(number: number)) }
                    }()
                    var number = 0
                    for try await message in client.session.messages {
                        #expect(message.number == number)
                        number += 1
                        worked.change { $0 += 1 }
                        if number == rounds { break }
                    }
                    try await sending
                }
            }
            for turn in 1...10 {
                // Each while messages are under way, as long as there are any.
                let mark = worked.value
                try await eventually("messages are under way") {
                    worked.value > mark || worked.value == 100 * rounds
                }
                let kind = turn % 2 == 0 ? "echo" : "clock"
                try await site.reload(
                    "servlets: {a: \(kind), b\(turn): echo}\nsession: {heartbeat: \(turn + 5)s}\n",
                    expecting: "longwired: reloaded")
            }
            try await group.waitForAll()
        }
        #expect(worked.value == 100 * rounds)
        for client in clients {
            #expect(client.changes.connections == 1 && client.changes.breaks.isEmpty)
            let ending = await client.session.close()
            #expect(ending.kind == .closed && ending.unacknowledged == 0)
        }
        #expect(site.lines.count { $0.contains("longwired: reloaded") } == 10)
    }

    // R: D5
    @Test func aProgramThatDidNotChangeKeepsItsCount() async throws {
        let servlets = "servlets: {bot: {exec: cat, processes: 1}}\n"
        let site = try await ConfigSite(servlets)
        let client = try await site.connect("bot")
        #expect(try await client.echoes("before"))
        try await site.reload(servlets + "drain: {limit: 20s}\n", expecting: "drain.limit=20s")
        await #expect {
            _ = try await site.connect("bot")
        } throws: { ($0 as? ConnectError)?.kind == .refusedByServer(.overloaded) }
        #expect(try await client.echoes("after"))
        #expect(site.process.children.count == 1)
        // One that did change counts anew, and the process of before goes on.
        try await site.reload(
            "servlets: {bot: {exec: cat, processes: 1, grace: 3s}}\n", expecting: "replaced=bot")
        #expect(try await site.connect("bot").echoes("new"))
        #expect(try await client.echoes("still"))
        #expect(await client.session.close().kind == .closed)
    }

    // R: D5
    @Test func sizesOfSessionsAreThoseOfTheirBeginning() async throws {
        let site = try await ConfigSite("servlets: {a: echo}\n")
        let old = try await site.connect("a")
        #expect(try await old.echoes("here"))
        try await site.reload(
            "servlets: {a: echo}\nsession: {message-limit: 1000}\n", expecting: "session.message-limit=1000")
        let great = String(repeating: "x", count: 2_000)
        #expect(try await old.echoes(great))
        let new = try await site.connect("a")
        try? await new.session.send(great)
        let ending = await new.session.ending
        #expect(ending.kind == .aborted && ending.code == .tooLarge, "\(ending)")
        #expect(await old.session.close().kind == .closed)
    }
}
