import Foundation
import NIOCore
import TestSupport
import Testing

/// What the person at the terminal does.
@Suite("Typing in the terminal client", .serialized, .timeLimit(.minutes(5)))
struct TerminalTypingTests {
    // R: D7
    @Test("Pasted lines wait for Enter, are messages each and no commands; control characters are left out and told of")
    func pasting() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let window = try await TerminalWindow(columns: 70, rows: 24)
        try await window.record(in: site.folder.path("written"))
        try await window.connect(site.url("room?name=me"))
        try await window.type("see: ")
        try await window.paste("first\r\n/quit\n\n\u{1b}[31mthird 漢字\tx\n")
        try await window.wait("the paste, held") { rows in
            rows.contains("> see: first") && rows.contains("/quit") && rows.contains { $0.hasPrefix("[31mthird 漢字") }
        }
        #expect(try await !window.rows().joined().contains("me: "))
        try await window.wait(for: "longwire: a pasted control character was left out")
        // It can still be corrected, and a message that arrives does not disturb it.
        _ = try await site.client("room?name=bob", input: "hi\n")
        try await window.wait(for: "* bob left")
        try await window.press("C-a", "Delete")
        try await window.press("Enter")
        let rows = try await window.wait("all of it") { $0.contains { $0.hasPrefix("me: [31mthird 漢字") } }
        #expect(rows.contains("me: ee: first") && rows.contains("me: /quit") && rows.contains("me:"))
        #expect(rows.contains("> ee: first") && rows.contains("> /quit"))
        // One line, pasted, is like one typed.
        try await window.paste("/status\n")
        try await window.wait("the command, held") { $0.contains("> /status") }
        try await window.press("Enter")
        try await window.wait(for: "longwire: connected over duplex, all sent")
        try await window.paste(String(repeating: "much ", count: 60_000))
        try await window.wait(for: "what was pasted has more than 262 kB and was left out")
        try await window.press("C-d")
        try await window.wait(for: "code=0")
        let written = site.folder.read("written")
        let (on, off) = (
            written.components(separatedBy: "\u{1b}[?2004h"), written.components(separatedBy: "\u{1b}[?2004l")
        )
        #expect(on.count > 1 && off.count > 1)
        #expect(written.range(of: "\u{1b}[?2004l") != nil, "the terminal marks pastes only while we ask for it")
    }

    // R: D7
    @Test("Tab completes commands, and names of files after /send")
    func completion() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        try site.folder.write("x", to: "report one.txt")
        try site.folder.write("x", to: "report two.txt")
        let window = try await TerminalWindow(columns: 90)
        try await window.connect(site.url("echo"))
        try await window.type("/st")
        try await window.press("Tab")
        try await window.wait("the command") { $0.contains("> /status") }
        try await window.press("C-u", "/", "Tab")
        try await window.wait("the choices") { $0.contains("/help  /quit  /send   /status") }
        try await window.type("se")
        try await window.press("Tab")
        try await window.type(site.folder.path("rep"))
        try await window.press("Tab")
        try await window.wait("what is common") { $0.joined().contains("> /send \(site.folder.path("report"))") }
        try await window.press("Tab")
        try await window.wait("the files") { $0.contains("report one.txt  report two.txt") }
        try await window.type("t")
        try await window.press("Tab")
        try await window.wait("the file") { $0.joined().contains("> /send \(site.folder.path("report two.txt"))") }
        try await window.press("Enter")
        try await window.wait(for: "longwire: sent report two.txt, 1 byte")
        try await window.wait(for: "[binary, 1 byte] 78")
    }

    // R: D7
    @Test("/send sends a file as one message while typing goes on; what is too long is refused with what to do")
    func sendingFiles() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let cutter = try await TCPCutter(target: site.port)
        let window = try await TerminalWindow(columns: 110, rows: 24)
        try await ManagedProcess.mustRun(
            "sh",
            [
                "-c",
                "head -c 700000 /dev/zero > \(site.folder.path("photo"));"
                    + "head -c 1048577 /dev/zero > \(site.folder.path("film"))",
            ])
        try await window.connect("http://127.0.0.1:\(cutter.port)/longwire/echo")
        try await cutter.delay(.milliseconds(400))
        try await window.type("/send \(site.folder.path("photo"))")
        try await window.press("Enter")
        try await window.wait("its progress in the status row") { rows in
            rows.contains {
                $0.hasPrefix("connected over") && $0.contains("sending photo, ") && $0.contains(" of 700 kB")
            }
        }
        try await window.type("meanwhile")
        try await window.wait("typing goes on") { $0.contains("> meanwhile") }
        try await window.press("Enter")
        try await cutter.delay(.zero)
        try await window.wait(for: "longwire: sent photo, 700 kB")
        let rows = try await window.wait("both echoes, in order") { $0.contains("meanwhile") }
        let photo = try #require(rows.firstIndex { $0.hasPrefix("[binary, 700000 bytes] 0000") })
        #expect(try photo < #require(rows.firstIndex(of: "meanwhile")))
        try await window.wait("it is not under way any more") { !$0.joined().contains("sending photo") }
        try await window.type("/send \(site.folder.path("film"))")
        try await window.press("Enter")
        try await window.wait("the refusal") { rows in
            // Where a row ends depends on the name of the folder, and a space there is not to be seen.
            let text = rows.joined().filter { $0 != " " }
            return text.contains("ithas1048577bytesandamessageatmost1048576(--message-limit)")
                && text.contains("longwireconnect--binaryURL<FILE")
        }
        for (name, why) in [("none", "No such file"), ("", "it is not a file")] {
            try await window.type("/send \(site.folder.path(name))")
            try await window.press("Enter")
            try await window.wait("the refusal of “\(name)”") { $0.joined().contains("was not sent: \(why)") }
        }
        try await window.type("/send")
        try await window.press("Enter")
        try await window.wait(for: "/send wants the name of a file")
    }

    // R: D7
    @Test("Typed lines come back with the arrow keys; over runs only when asked, in a private file")
    func history() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let folder = site.folder.path("state")
        let file = folder + "/longwire/history"
        func run(_ options: String, _ lines: [String], then check: (TerminalWindow) async throws -> Void) async throws {
            let window = try await TerminalWindow(columns: 90)
            try await window.connect(site.url("echo"), options, environment: "XDG_STATE_HOME=\(folder)")
            for line in lines {
                try await window.type(line)
                try await window.press("Enter")
                try await window.wait("the echo of \(line)") { $0.contains(line) }
            }
            try await check(window)
            try await window.press("C-u", "C-d")
            try await window.wait(for: "code=0")
        }
        try await run("", ["one", "two"]) { window in
            try await window.press("Up", "Up")
            try await window.wait("the first line") { $0.last { $0.hasPrefix(">") } == "> one" }
        }
        #expect(!FileManager.default.fileExists(atPath: folder), "nothing is kept unasked")
        try await run("--no-history", ["one"]) { window in
            try await window.press("Up")
            try await window.type("x")
            try await window.wait("nothing came back") { $0.last { $0.hasPrefix(">") } == "> x" }
        }
        try await run("--history", ["kept", " secret", "last"]) { _ in }
        #expect(site.folder.read("state/longwire/history") == "kept\nlast\n")
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        try await run("--history", []) { window in
            try await window.press("Up", "Up")
            try await window.wait("the line of the other run") { $0.last { $0.hasPrefix(">") } == "> kept" }
        }
        // It stays bounded, and what was open to others is not any more.
        try site.folder.write((1...1500).map { "line \($0)\n" }.joined(), to: "state/longwire/history")
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
        try await run("--history", ["new"]) { window in
            try await window.press("Up", "Up")
            try await window.wait("the last of the file") { $0.last { $0.hasPrefix(">") } == "> line 1500" }
        }
        let lines = site.folder.read("state/longwire/history").split(separator: "\n")
        #expect(lines.count == 1001 && lines.first == "line 501" && lines.last == "new")
        #expect(
            try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o600)
        // A place that cannot be written is told, and no more.
        let window = try await TerminalWindow(columns: 110)
        try await window.connect(site.url("echo"), "", environment: "LONGWIRE_HISTORY=/dev/null/history")
        try await window.wait(for: "longwire: typed lines are not kept in /dev/null/history")
    }

    // R: D7
    @Test("--times shows when each message came; Ctrl-L clears the screen and keeps the line")
    func timesAndClearing() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let window = try await TerminalWindow(columns: 90)
        try await window.connect(site.url("echo"), "--times")
        try await window.type("hello")
        try await window.press("Enter")
        try await window.wait("the echo with its time") { rows in
            rows.contains { $0.wholeMatch(of: /[0-2]\d:[0-5]\d:[0-5]\d hello/) != nil }
        }
        try await window.type("kept")
        try await window.press("C-l")
        let rows = try await window.wait("status row and line alone") { rows in
            rows.filter { !$0.isEmpty }.count == 2 && rows[1] == "> kept"
        }
        #expect(rows[0].hasPrefix("connected over duplex"))
        try await window.type("!")
        try await window.press("Enter")
        try await window.wait("the echo") { $0.contains { $0.hasSuffix(" kept!") } }
    }

    // R: D5
    @Test("Ended at once, it says how much was not acknowledged; what was typed and not sent is told")
    func atOnce() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let cutter = try await TCPCutter(target: site.port)
        let window = try await TerminalWindow(columns: 110)
        try await window.connect("http://127.0.0.1:\(cutter.port)/longwire/echo")
        try await cutter.refuse(true)
        try await cutter.cut()
        try await window.wait(for: "reconnecting for")
        try await window.type("lost")
        try await window.press("Enter")
        try await window.wait(for: "1 message unsent")
        try await window.press("C-c")
        try await window.wait(for: "closing, waiting for the server")
        try await window.type("after")
        try await window.press("Enter")
        try await window.wait(for: "longwire: not sent: after")
        try await window.press("C-c")
        try await window.wait(for: "longwire: ended at once; the last 2 messages sent were not acknowledged and may be")
    }
}
