import Foundation
import TestSupport
import Testing

@Suite("The terminal client in a terminal", .serialized, .timeLimit(.minutes(5)))
struct TerminalScreenTests {
    // R: D7
    @Test("What arrives is shown above the line being typed, which keeps its text and its cursor")
    func keepsTheLine() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let window = try await TerminalWindow()
        try await window.connect(site.url("room?name=me"))
        try await window.type("half äö 漢字 typed")
        try await window.press("Left", "Left", "Left")
        try await window.wait(for: "> half äö 漢字 typed")
        _ = try await site.client("room?name=bob", input: "hi\n")
        let rows = try await window.wait("bob is above the line") { rows in
            let (bob, line) = (rows.firstIndex(of: "* bob left"), rows.firstIndex(of: "> half äö 漢字 typed"))
            return bob.flatMap { bob in line.map { bob < $0 } } ?? false
        }
        #expect(rows.contains("bob: hi"))
        #expect(rows.count { $0.hasPrefix("> half") } == 1)
        try await window.type("X")
        try await window.press("Enter")
        try await window.wait("the line is sent as it was typed") { $0.contains("me: half äö 漢字 tyXped") }
    }

    // R: D7
    @Test("A line wider than the terminal stays whole when messages arrive and when the size changes")
    func wideLine() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let window = try await TerminalWindow(columns: 50, rows: 20)
        try await window.connect(site.url("room?name=me"))
        let text = "0123456789 abcdefghij 漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字 and on for three rows and some more"
        try await window.type(text)
        func isWhole(_ rows: [String]) -> Bool {
            // A row's end may be a space, or a column that a wide character did not fit into.
            rows.joined().replacing(" ", with: "").contains("> \(text)".replacing(" ", with: ""))
        }
        try await window.wait("the whole line") { isWhole($0) }
        try await window.press("C-a")
        _ = try await site.client("room?name=bob", input: "one\n")
        try await window.wait("message and line") { $0.contains("* bob left") && isWhole($0) }
        try await window.resize(columns: 34, rows: 20)
        _ = try await site.client("room?name=eve", input: "two\n")
        try await window.wait("all of it at the new size") {
            $0.contains("* eve left") && $0.contains("eve: two") && isWhole($0) && $0.count { $0.hasPrefix(">") } == 1
        }
        try await window.press("Enter")
        try await window.wait("the line came back whole") { rows in
            rows.joined().replacing(" ", with: "").contains("me: \(text)".replacing(" ", with: ""))
        }
    }

    // R: D7
    @Test("Arriving text cannot command the terminal")
    func hostileText() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let window = try await TerminalWindow(columns: 100)
        try await window.connect(site.url("room?name=me"))
        _ = try await site.client(
            "room?name=eve", input: "\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}2J\u{7f}\u{202e}gone\rover\n")
        try await window.wait(for: "eve: \\x1b[2J\\x1b]0;x\\x07\\u{9b}2J\\x7f\\u{202e}gone\\rover")
        // What came before is still on the screen.
        try await window.wait(for: "* eve joined")
    }

    // R: D4
    @Test(
        "Ctrl-D on an empty line and /quit send the termination message; the terminal is as before",
        arguments: [true, false])
    func endings(byKey: Bool) async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let window = try await TerminalWindow()
        try await window.type("stty -g > \(site.folder.path("before"))")
        try await window.press("Enter")
        try await window.connect(site.url("echo"))
        try await window.type("//slash")
        try await window.press("Enter")
        try await window.wait("the echo of a text with a slash") { $0.contains("/slash") }
        if byKey {
            try await window.press("C-d")
        } else {
            try await window.type("/quit")
            try await window.press("Enter")
        }
        try await window.wait(for: "code=0")
        #expect(try await site.sessions().isEmpty)
        try await window.type("stty -g > \(site.folder.path("after")); echo written")
        try await window.press("Enter")
        try await window.wait("the modes") { $0.contains("written") }
        #expect(!site.folder.read("before").isEmpty)
        #expect(site.folder.read("before") == site.folder.read("after"))
    }

    // R: D5
    @Test("An operator's reason is shown, and what was typed and not sent is told")
    func operatorCloses() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let window = try await TerminalWindow(columns: 90)
        try await window.connect(site.url("echo"))
        try await window.type("unfinished")
        try await window.wait(for: "> unfinished")
        let session = try #require(try await site.sessions().first)
        try await ManagedProcess.mustRun(
            try BuiltProducts.longwired, ["close", session, "--control", site.control, "--reason", "back at noon"])
        try await window.wait(for: "longwire: closed by the server: ended by an operator: back at noon")
        try await window.wait(for: "longwire: not sent: unfinished")
        try await window.wait(for: "code=10")
    }

    // R: D5
    @Test("A server that was killed and started anew: the client is told that its session is lost")
    func serverKilled() async throws {
        let site = try await TerminalSite()
        let first = try await site.start()
        let window = try await TerminalWindow(columns: 100)
        try await window.connect(site.url("echo"))
        try await window.type("heard")
        try await window.press("Enter")
        try await window.wait("the echo") { $0.contains("heard") }
        first.kill()
        try await first.waitUntilExit()
        try await window.wait(for: "reconnecting for")
        try await window.type("unheard")
        try await window.press("Enter")
        try await window.wait(for: "> unheard")
        let second = try await site.start()
        defer { second.stop() }
        try await window.wait(for: "longwire: the session is lost: no such session")
        try await window.wait(for: "not acknowledged and may be lost")
        try await window.wait(for: "code=9")
    }

    // R: D5
    @Test("nginx stopped and started again: the client reconnects, and nothing is lost or doubled")
    func nginxRestarted() async throws {
        let site = try await TerminalSite(behindNginx: true)
        let server = try await site.start()
        defer { server.stop() }
        let window = try await TerminalWindow(columns: 100)
        try await window.connect(site.url("echo"), "-v")
        try await window.type("before")
        try await window.press("Enter")
        try await window.wait("the echo") { $0.contains("before") }
        try await site.web.stop()
        try await window.wait(for: "reconnecting for")
        try await window.type("meanwhile")
        try await window.press("Enter")
        try await window.wait(for: "> meanwhile")
        try await site.web.start()
        try await window.wait("the echo of what was typed meanwhile") { $0.contains("meanwhile") }
        let rows = try await window.rows()
        #expect(rows.count { $0 == "before" } == 1 && rows.count { $0 == "meanwhile" } == 1)
        try await window.wait(for: "connected again, nothing lost")
        try await window.press("C-d")
        try await window.wait(for: "code=0")
    }

    // R: D4
    @Test("Suspended and continued, the typed text is still there; Ctrl-C ends in good order")
    func suspended() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let window = try await TerminalWindow()
        try await window.connect(site.url("echo"))
        try await window.type("kept")
        try await window.wait(for: "> kept")
        try await window.press("C-z")
        try await window.wait(for: "Stopped")
        try await window.type("clear; fg; echo code=$?")
        try await window.press("Enter")
        try await window.wait("the line is back") { $0.contains("> kept") }
        try await window.press("Enter")
        try await window.wait("it can be sent") { $0.contains("kept") }
        try await window.press("C-c")
        try await window.wait(for: "code=0")
        #expect(try await site.sessions().isEmpty)
    }

    // R: D7
    @Test("With TERM=dumb nothing but plain lines is written", arguments: ["dumb", ""])
    func dumbTerminal(terminal: String) async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let window = try await TerminalWindow()
        try await window.type(
            "clear; TERM=\(terminal) \(try BuiltProducts.longwire) connect '\(site.url("echo"))'; echo code=$?")
        try await window.press("Enter")
        try await eventually("a session") { try await site.sessions().count == 1 }
        try await window.type("hello")
        try await window.press("Enter")
        try await window.wait("the line and its echo") { $0.count { $0 == "hello" } == 2 }
        try await window.type("/quit")
        try await window.press("Enter")
        try await window.wait(for: "code=0")
    }
}
