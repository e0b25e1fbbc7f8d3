import Foundation
import TestSupport
import Testing

/// How messages stand in the terminal client's input and output.
@Suite("The forms of input and output", .serialized, .timeLimit(.minutes(5)))
struct TerminalFormTests {
    // R: D7
    @Test("Framed messages hold anything, newlines too, and come back framed")
    func framed() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let netstrings = "5:hello,0:,3:a\nb,5:漢,:,"
        let result = try await site.client("echo", ["--framed", "netstring"], input: netstrings)
        #expect(result.status == .exited(0), "\(result.errors)")
        #expect(result.output == netstrings)
        let client = try ManagedProcess(
            try BuiltProducts.longwire, ["connect", site.url("echo"), "--framed", "length"], input: .pipe)
        let bytes: [UInt8] = [0, 0, 0, 3, 0xff, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x41]
        try await client.write(bytes)
        client.closeInput()
        #expect(try await client.waitUntilExit() == .exited(0))
        #expect(client.output?.bytes == bytes)
    }

    // R: D7
    @Test("JSON: texts and bytes come back in their kinds, with events around them and the end last")
    func json() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let input = """
            {"text":"a\\nb \\u001b[2J \\ud83d\\ude00"}
            { "bytes" : "/wAK" }

            {"event":"connected","transport":"duplex"}
            {"text":""}
            """
        let messages = """
            {"text":"a\\nb \\u001b[2J 😀"}
            {"bytes":"/wAK"}
            {"text":""}

            """
        let result = try await site.client("echo", ["--json"], input: input)
        #expect(result.status == .exited(0), "\(result.errors)")
        #expect(
            result.output == """
                {"event":"connected","transport":"duplex"}
                \(messages){"event":"ended","exit":0,"kind":"closed","code":0,"name":"done","reason":"","by":"client",\
                "unacknowledged":0}

                """)
        // What one client wrote another reads.
        let again = try await site.client("echo", ["--json", "--quiet"], input: result.output)
        #expect(again.output == messages)
        // Whoever reads the output learns of a failure, too.
        let failed = try await site.client("none", ["--json"])
        #expect(failed.status == .exited(13))
        #expect(failed.output.hasPrefix("{\"event\":\"ended\",\"exit\":13,\"reason\":\""), "\(failed.output)")
    }

    // R: D5
    @Test("JSON tells of a line that broke and came back, and of an operator's end with its code")
    func jsonEvents() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let cutter = try await TCPCutter(target: site.port)
        let client = try ManagedProcess(
            try BuiltProducts.longwire, ["--json", "http://127.0.0.1:\(cutter.port)/longwire/echo"], input: .pipe)
        try await client.write("{\"text\":\"before\"}\n")
        try await client.waitForLine(containing: "before")
        try await cutter.cut()
        try await client.waitForLine(containing: "{\"event\":\"reconnecting\",\"reason\":\"")
        try await client.write("{\"text\":\"after\"}\n")
        try await client.waitForLine(containing: "{\"text\":\"after\"}")
        let session = try #require(try await site.sessions().first)
        try await ManagedProcess.mustRun(
            try BuiltProducts.longwired, ["close", session, "--control", site.control, "--reason", "noon"])
        #expect(try await client.waitUntilExit() == .exited(10))
        let lines = client.output?.lines ?? []
        #expect(lines.count { $0.hasPrefix("{\"event\":\"connected\"") } == 2)
        #expect(
            lines.last?.hasPrefix(
                "{\"event\":\"ended\",\"exit\":10,\"kind\":\"closed\",\"code\":11,\"name\":\"ended by an operator\","
                    + "\"reason\":\"noon\",\"by\":\"server\"") == true, "\(lines)")
    }

    // R: D4
    @Test("-v tells of the line, -vv also of every frame both ways")
    func verbose() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let some = try await site.client("echo", ["-v"], input: "hello\n")
        #expect(some.errors == "longwire: connected over duplex\n")
        let all = try await site.client("echo", ["-vv"], input: "hello\n")
        let lines = all.errors.split(separator: "\n")
        for frame in [
            "sent OPEN, received 0, limit ", "received OPENED, received 0, limit ", "sent TEXT 1, 5 bytes",
            "received TEXT 1, 5 bytes", "sent CLOSE 2, done", "received CLOSE 2, done", "received ACK, received ",
        ] {
            #expect(lines.contains { $0.hasPrefix("longwire: " + frame) }, "\(frame): \(all.errors)")
        }
        #expect(!all.errors.contains("hello"))
        #expect(all.output == "hello\n")
    }

    // R: D7
    @Test("--lines sends lines also from a terminal, slashes too; there no form lets the server command the terminal")
    func forcedInATerminal() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let window = try await TerminalWindow(columns: 80)
        func start(_ options: String) async throws {
            try await window.type(
                "clear; \(try BuiltProducts.longwire) \(options) '\(site.url("echo"))'; echo code=$?")
            try await window.press("Enter")
            try await eventually("a session") { try await site.sessions().count == 1 }
        }
        try await start("--lines")
        try await window.type("/quit")
        try await window.press("Enter")
        try await window.wait("the line and its echo") { $0.count { $0 == "/quit" } == 2 }
        try await window.press("C-d")
        try await window.wait(for: "code=0")
        let hostile = "\u{1b}[2Jx\u{7}"
        for (options, shown) in [
            ("--lines", "\\x1b[2Jx\\x07"), ("--binary", "\\x1b[2Jx\\x07"),
            ("--json", "{\"text\":\"\\u001b[2Jx\\u0007\"}"),
        ] {
            let input = options == "--json" ? "{\"text\":\"\\\\u001b[2Jx\\\\u0007\"}" : hostile
            try site.folder.write(input.replacing("\\\\", with: "\\") + "\n", to: "hostile")
            try await window.type(
                "clear; \(try BuiltProducts.longwire) \(options) '\(site.url("echo"))' < \(site.folder.path("hostile"));"
                    + " echo \(options.dropFirst(2))=$?")
            try await window.press("Enter")
            try await window.wait(for: "\(options.dropFirst(2))=0")
            let rows = try await window.rows()
            #expect(rows.contains(shown), "\(options): \(rows)")
        }
    }

    // R: D7
    @Test("longwire URL is short for longwire connect URL")
    func shortForm() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let result = try await ManagedProcess.run(
            try BuiltProducts.longwire, ["--quiet", site.url("echo")], input: "short\n")
        #expect(result.status == .exited(0))
        #expect(result.output == "short\n" && result.errors == "")
    }
}
