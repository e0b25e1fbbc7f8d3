import Foundation
import LongwireClient
import LongwireServer
import NIOCore
import TestSupport
import Testing

/// What servers do to somebody who sits at the terminal.
@Suite("Living with the terminal client", .serialized, .timeLimit(.minutes(5)))
struct TerminalLifeTests {
    /// Talks a hundred times a second until it hears something, which it repeats.
    private struct Talker: InlineServlet {
        private let said = FlowBox(0)
        private let isStopped = FlowBox(false)

        func opened(_ session: Session, request: SessionRequest) {
            session.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(10)) { task in
                if isStopped.value { return task.cancel() }
                let number = said.change { said in
                    said += 1
                    return said
                }
                _ = session.offer(Message("tick \(number) of many"))
            }
        }

        func received(_ message: Message, in session: Session) {
            isStopped.set(true)
            _ = session.offer(Message("heard: \(message.text)"))
        }
    }

    // R: D2, D7
    @Test(
        "Typing while a hundred messages a second arrive: the line is sent as typed, and every message is shown whole")
    func typingAgainstAStream() async throws {
        let server = try await BadInputServer(["talker": .inline(Talker())])
        let window = try await TerminalWindow(columns: 40, rows: 12)
        try await window.connect(server.url("talker", port: server.httpPort))
        // Wider than the terminal, so that it takes three rows; typed in pieces, with a correction in the middle.
        let words = [
            "the quick ", "brown 漢字 ", "fox jumps ", "over the ", "lazy dog ", "und dann ", "über ", "den Bach",
        ]
        for word in words {
            try await window.type(word)
            let rows = try await window.rows()
            #expect(rows.count { $0.hasPrefix(">") } == 1, "\(rows.joined(separator: "\n"))")
        }
        try await window.press("C-a")
        try await window.type("And: ")
        try await window.wait("it still talks, and the line is whole") { rows in
            rows.contains { $0.hasPrefix("tick ") }
                && rows.joined().replacing(" ", with: "").contains("And:thequickbrown漢字foxjumps")
        }
        try await window.press("Enter")
        try await window.wait("the answer") { $0.joined().contains("heard: And: the quick brown") }
        let all = try await window.everything()
        let text = all.joined().replacing(" ", with: "")
        #expect(text.contains("heard:And:" + words.joined().replacing(" ", with: "")), "\(all.suffix(20))")
        let ticks = all.filter { $0.hasPrefix("tick ") }
        #expect(ticks.count > 5)
        #expect(all.count { $0 == ">" } <= 1, "no prompt is left among what arrived: \(all.prefix(5))")
        #expect(ticks == (1...ticks.count).map { "tick \($0) of many" })
        try await window.press("C-d")
        try await window.wait(for: "code=0")
        try await server.stop()
    }

    /// Says what it was given, then echoes.
    private struct Speaker: InlineServlet {
        let messages: [Message]
        func opened(_ session: Session, request: SessionRequest) {
            for message in messages { _ = session.offer(message) }
        }
        func received(_ message: Message, in session: Session) { _ = session.offer(message) }
    }

    // R: D7
    @Test("A hostile server cannot reach the clipboard, the title, the cursor, the colours or the direction of text")
    func hostileServer() async throws {
        let attacks = [
            "\u{1b}]52;c;c3RvbGVu\u{7}", "\u{9d}52;c;c3RvbGVu\u{9c}", "\u{1b}]0;owned\u{7}", "\u{1b}]2;owned\u{1b}\\",
            "\u{1b}[1;1Howned", "\u{1b}[2J\u{1b}[3J", "\u{1b}[?1049h", "\u{1b}[31mred", "\u{1b}c", "\u{1b}[8m",
            "\u{1b}[6n",
            "\u{1b}Ptmux;\u{1b}\u{1b}]52;c;c3RvbGVu\u{7}\u{1b}\\", "\u{1b}kowned\u{1b}\\", "a\rowned", "a\u{8}\u{8}b",
            "\u{e}lines\u{f}", "file\u{202e}gpj.exe", "\u{2066}turn\u{2069}", "\u{feff}bom", "a\u{0}b", "\u{85}next",
            "\u{2028}line", "\u{e0001}\u{e0041}tag",
        ]
        let server = try await BadInputServer(["eve": .inline(Speaker(messages: attacks.map { Message($0) }))])
        let window = try await TerminalWindow(columns: 80, rows: 40)
        // The terminal of this test would obey.
        try await window.type("printf '\\033]52;c;eWVz\\a\\033]2;obeys\\033\\\\'")
        try await window.press("Enter")
        try await eventually("the terminal obeys") {
            let clipboard = try await window.tmux(["show-buffer"]).output
            let title = try await window.tmux(["display-message", "-p", "-t", "w", "#{pane_title}"]).output
            return clipboard == "yes" && title == "obeys\n"
        }
        try await window.connect(server.url("eve", port: server.httpPort), "--color never")
        try await window.type("typed")
        let rows = try await window.wait("all of it") { $0.joined().contains("tag") && $0.contains("> typed") }
        for shown in [
            "\\x1b]52;c;c3RvbGVu\\x07", "\\u{9d}52;c;c3RvbGVu\\u{9c}", "\\x1b]0;owned\\x07", "\\x1b[1;1Howned",
            "\\x1b[31mred", "\\x1bc", "a\\rowned", "a\\x08\\x08b", "\\x0elines\\x0f", "file\\u{202e}gpj.exe",
            "\\u{2066}turn\\u{2069}", "a\\x00b", "\\u{85}next", "\\u{2028}line", "\\u{e0001}\\u{e0041}tag",
        ] {
            #expect(rows.contains(shown), "\(shown) in\n\(rows.joined(separator: "\n"))")
        }
        #expect(rows.first?.hasPrefix("longwire: connected to") == true)
        #expect(try await window.tmux(["show-buffer"]).output == "yes")
        #expect(try await window.tmux(["display-message", "-p", "-t", "w", "#{pane_title}"]).output == "obeys\n")
        #expect(try await window.colours().filter { $0 == "\u{1b}" }.isEmpty)
        let cursor = try await window.cursor()
        #expect(cursor.column == 7 && rows[cursor.row] == "> typed", "nothing of it reached the cursor")
        // Nothing was answered in the person's name.
        try await window.press("Enter")
        try await window.wait("just what was typed") { $0.contains("typed") && !$0.joined().contains("> \\u") }
        try await server.stop()
    }

    // R: D7
    @Test("Long lines, wide characters, accents and emoji arrive whole, whatever the window's width")
    func longArrivals() async throws {
        let texts = [
            (1...40).map { "word\($0)" }.joined(separator: " "), String(repeating: "漢字", count: 60),
            "e\u{301}a\u{308}o\u{302} combined", "emoji 😀🚀 done", "tab\tstops", "two\nlines",
        ]
        let server = try await BadInputServer(["speaker": .inline(Speaker(messages: texts.map { Message($0) }))])
        let window = try await TerminalWindow(columns: 45, rows: 30)
        try await window.connect(server.url("speaker", port: server.httpPort))
        try await window.type("line in the making")
        let whole = texts[0].replacing(" ", with: "") + texts[1]
        for columns in [45, 31, 80] {
            try await window.resize(columns: columns, rows: 30)
            try await eventually("everything at \(columns) columns") {
                try await window.everything().joined().replacing(" ", with: "").contains(whole)
            }
            let rows = try await window.wait("the line, and the status row once") { rows in
                rows.contains("> line in the making") && rows.count { $0.hasPrefix("connected over") } == 1
            }
            #expect(rows.contains { $0.hasPrefix("e\u{301}a\u{308}o\u{302} combined") })
            #expect(rows.contains("emoji 😀🚀 done") && rows.contains("  lines"))
            #expect(rows.count { $0.hasPrefix(">") } == 1)
            let cursor = try await window.cursor()
            #expect(cursor.column == 20 && rows[cursor.row] == "> line in the making")
        }
        try await server.stop()
    }

    // R: D7
    @Test(
        "A terminal of one row, or of ten columns, is still one to talk in",
        arguments: [(40, 1), (10, 4), (10, 1), (4, 2)])
    func tiny(columns: Int, rows: Int) async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let window = try await TerminalWindow(columns: 80, rows: 20)
        try await window.connect(site.url("echo"))
        try await window.resize(columns: columns, rows: rows)
        try await window.type("0123456789abcdefghijklmnopqrstuvwxyz")
        try await window.wait("the end of the line") { $0.joined().contains("z") }
        try await window.press("Enter")
        try await window.type("second")
        try await window.press("Enter")
        try await window.resize(columns: 80, rows: 20)
        try await window.wait("the prompt") { $0.contains(">") }
        try await window.type("third")
        try await window.press("Enter")
        try await window.wait("the echo of the third") { $0.contains("third") }
        let text = try await window.everything().joined()
        #expect(text.contains("0123456789abcdefghijklmnopqrstuvwxyz") && text.contains("second"), "\(text)")
        // What was typed before the client had heard of the new size has left a row of before behind.
        try await window.press("C-l")
        try await window.wait("the status row") { $0.count { $0.hasPrefix("connected over") } == 1 }
        try await window.press("C-d")
        try await window.wait(for: "code=0")
    }

    // R: D7
    @Test("NO_COLOR and --color never leave no colour, --color always leaves it whatever NO_COLOR says")
    func colours() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let cases = [
            ("", "NO_COLOR=1", false), ("--color never", "", false), ("", "NO_COLOR=", true),
            ("--color always", "NO_COLOR=1", true),
        ]
        for (options, environment, isColoured) in cases {
            let window = try await TerminalWindow(columns: 90)
            try await window.connect(site.url("echo"), options, environment: environment)
            try await window.type("hello")
            try await window.press("Enter")
            try await window.wait("the echo") { $0.contains("hello") && $0.contains("> hello") }
            let rows = try await window.colours().split(separator: "\n").filter { !$0.contains("$") }
            #expect(rows.contains { $0.contains("\u{1b}[") } == isColoured, "\(options) \(environment)")
            // What the server says is never coloured: own lines differ from it.
            #expect(rows.contains { $0.hasSuffix("hello") && !$0.contains(">") })
            try await window.press("C-d")
        }
    }

    // R: D5
    @Test("A server that goes away says so, and ends the session in good order")
    func drained() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        let window = try await TerminalWindow(columns: 90)
        try await window.connect(site.url("echo"), "--no-follow")
        try await window.type("hello")
        try await window.press("Enter")
        try await window.wait("the echo") { $0.contains("hello") }
        server.terminate()
        try await window.wait(for: "longwire: the server asks to come to an end: going away")
        try await window.wait(for: "code=0")
        #expect(try await server.waitUntilExit() == .exited(0))
    }
}
