import Foundation
import NIOCore
import TestSupport
import Testing

/// What somebody sees who waits for a pipe.
@Suite("Progress", .serialized, .timeLimit(.minutes(3)))
struct TerminalProgressTests {
    // R: D3, D7
    @Test("A file's way is shown on standard error with bytes, rate and what is left, and gone at the end")
    func file() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let cutter = try await TCPCutter(target: site.port)
        try await ManagedProcess.mustRun(
            "sh", ["-c", "head -c 8000000 /dev/zero > \(site.folder.path("in"))"])
        let window = try await TerminalWindow(columns: 100)
        let url = "http://127.0.0.1:\(cutter.port)/longwire/echo"
        func start(_ options: String, _ input: String = "< \(site.folder.path("in"))") async throws {
            try await window.type(
                "clear; \(try BuiltProducts.longwire) --binary \(options) \(url) \(input) > \(site.folder.path("out"));"
                    + " echo code=$?")
            try await window.press("Enter")
            try await eventually("a session") { try await site.sessions().count == 1 }
        }
        // It stops in the middle, for as long as it takes to look.
        try await cutter.delay(.milliseconds(300))
        try await start("")
        let rows = try await window.wait("the progress") { rows in
            rows.contains { $0.hasPrefix("longwire: sent ") && $0.contains(" of 8.0 MB, ") && $0.contains(" left") }
        }
        let line = try #require(rows.first { $0.hasPrefix("longwire: sent ") })
        #expect(line.contains(" %, ") && line.contains("/s, ") && line.contains("received "), "\(line)")
        try await cutter.delay(.zero)
        try await window.wait(for: "code=0")
        #expect(try await !window.rows().joined().contains("longwire: sent"), "nothing of it is left")
        #expect(site.folder.read("out").utf8.count == 8_000_000)

        // Of a pipe nobody knows the length; with --quiet nothing is shown.
        try await cutter.delay(.milliseconds(300))
        try await start("", "< <(cat \(site.folder.path("in")))")
        try await window.wait("the progress") { rows in
            rows.contains { $0.hasPrefix("longwire: sent ") && $0.contains("/s") && !$0.contains("%") }
        }
        try await cutter.delay(.zero)
        try await window.wait(for: "code=0")
        try await cutter.delay(.milliseconds(300))
        try await start("--quiet")
        let before = try await cutter.bytes(.down)
        try await eventually("it goes on") { try await cutter.bytes(.down) > before + 1_000_000 }
        #expect(try await !window.rows().joined().contains("sent"))
        try await cutter.delay(.zero)
        try await window.wait(for: "code=0")
    }
}
