import Foundation
import LongwireClient
import LongwireProtocol
import TestSupport
import Testing

/// What longwired writes to its log.
@Suite struct LoggingTests {
    private static func object(_ line: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
    }

    @Test func everyLineIsAnObjectAndSaysWhichSessionItIsAbout() async throws {
        let site = try await ConfigSite("servlets: {a: echo}\nlog: {level: info, format: json}\n")
        let client = try await FlowClient.connect(site.url("a?secret=hidden"))
        #expect(try await client.echoes("payload"))
        #expect(await client.session.close(reason: "goodbye").kind == .closed)
        site.process.terminate()
        #expect(try await site.process.waitUntilExit() == .exited(0))
        let objects = try site.lines.map(Self.object)
        for object in objects {
            #expect(object["label"] as? String == "longwired" && object["message"] is String)
            let time = try #require(object["time"] as? String)
            #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil, "\(time)")
        }
        let about = objects.filter { $0["session"] as? String == "\(client.session.identifier)" }
        #expect(about.map { $0["message"] as? String } == ["session opened", "session ended"])
        for object in about {
            #expect(object["level"] as? String == "info")
            #expect(object["servlet"] as? String == "a" && object["address"] as? String == "127.0.0.1")
            #expect(object["transport"] as? String == "duplex")
        }
        let end = try #require(about.last)
        #expect(end["ending"] as? String == "closed" && end["code"] as? Int == 0 && end["by"] as? String == "client")
        // The message and CLOSE.
        #expect(end["frames_in"] as? Int == 2 && end["frames_out"] as? Int == 2)
        #expect(end["milliseconds"] is Int)
        // Nothing of what was said, and nothing of the query.
        let all = site.lines.joined()
        for word in ["payload", "secret", "hidden", "goodbye"] { #expect(!all.contains(word)) }
    }

    @Test func whatComesFromOutsideCannotForgeALine() async throws {
        let site = try await ConfigSite("servlets: {a: echo}\nlog: {level: info}\n")
        let client = try await site.connect("a")
        #expect(try await client.echoes("here"))
        let evil = "x\u{1b}[31m\" session=forged \u{202e}\u{9b}m"
        _ = try await ManagedProcess.mustRun(
            BuiltProducts.longwired,
            ["close", "\(client.session.identifier)", "--reason", evil, "--control", site.folder.path("control")])
        #expect(await client.session.close().code == .operatorEnded)
        let line = try await site.process.waitForLine(containing: "ended by an operator")
        #expect(
            line.contains("reason=\"x\\u{1b}[31m\\\" session=forged \\u{202e}\\u{9b}m\""),
            "\(line.debugDescription)")
        for line in site.lines {
            #expect(!line.unicodeScalars.contains { $0.properties.generalCategory == .control })
            #expect(line.wholeMatch(of: /\d{4}-\S+Z (info|notice) longwired: .*/) != nil, "\(line)")
        }
    }

    @Test func theJournalGetsLevelsAndNoTimes() async throws {
        let folder = try TemporaryFolder()
        let log = try folder.write("", to: "log")
        var status = stat()
        try #require(stat(log, &status) == 0)
        let port = try FreePort.next()
        let process = try ManagedProcess(
            BuiltProducts.longwired,
            ["--http", "127.0.0.1:\(port)", "--servlet", "echo", "--control", folder.path("control")],
            environment: ["JOURNAL_STREAM": "\(status.st_dev):\(status.st_ino)"], errors: .file(log))
        try await eventually("it serves") { folder.read("log").contains("serving") }
        process.terminate()
        #expect(try await process.waitUntilExit() == .exited(0))
        let lines = folder.read("log").split(separator: "\n")
        #expect(lines.count > 2 && lines.allSatisfy { $0.hasPrefix("<5>longwired: ") }, "\(lines)")
    }

    @Test func aReloadChangesTheFormatToo() async throws {
        let site = try await ConfigSite("servlets: {a: echo}\n")
        try await site.reload("servlets: {a: echo}\nlog: {format: json}\n", expecting: "\"message\":\"reloaded\"")
        let line = try #require(site.lines.last)
        #expect(try Self.object(line)["log.format"] as? String == "json")
        #expect(!site.lines.contains { $0.contains("session opened") })
    }
}
