import Foundation
import TestSupport
import Testing

@Suite("The terminal client in a pipe", .serialized, .timeLimit(.minutes(5)))
struct TerminalPipeTests {
    // R: D4
    @Test("Lines become messages and messages lines, through nginx; the end of input ends the session and its response")
    func oneLine() async throws {
        let site = try await TerminalSite(behindNginx: true)
        let server = try await site.start()
        defer { server.stop() }
        let result = try await site.client("echo", input: "hello\n")
        #expect(result.status == .exited(0))
        #expect(result.output == "hello\n")
        #expect(result.errors == "")
        #expect(try await site.sessions().isEmpty)
        let web = try site.web
        try await eventually("nginx saw the one transaction end") {
            web.accessLog(below: "/longwire").map(\.status) == [200]
        }
    }

    // R: D7
    @Test(
        "Lines of every kind come back as they were",
        arguments: [
            ("", ""), ("\n", "\n"), ("a\n\nb", "a\n\nb\n"), ("no newline", "no newline\n"), ("ä漢\n\n\n", "ä漢\n\n\n"),
        ])
    func lines(input: String, output: String) async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let result = try await site.client("echo", input: input)
        #expect(result.status == .exited(0))
        #expect(result.output == output)
    }

    // R: D7
    @Test("10,000 lines and one of a megabyte come back in order; a line beyond the limit is refused with a reason")
    func manyLines() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let lines = (1...10_000).map { "\($0)\n" }.joined() + String(repeating: "x", count: 1 << 20) + "\n"
        let result = try await site.client("echo", input: lines)
        #expect(result.status == .exited(0))
        #expect(result.output == lines)
        let tooLong = try await site.client("echo", input: "a\n" + String(repeating: "x", count: 1 << 20 + 1))
        #expect(tooLong.status == .exited(74))
        #expect(tooLong.output == "a\n")
        #expect(tooLong.errors.contains("longer than 1048576 bytes"))
    }

    // R: D7
    @Test("What is not UTF-8 travels as bytes, and comes back byte for byte")
    func bytes() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let client = try ManagedProcess(try BuiltProducts.longwire, ["connect", site.url("echo")], input: .pipe)
        try await client.write([0xff, 0x00, 0xc3, 0x0a, 0x61, 0x0a])
        client.closeInput()
        #expect(try await client.waitUntilExit() == .exited(0))
        #expect(client.output?.bytes == [0xff, 0x00, 0xc3, 0x0a, 0x61, 0x0a])
    }

    // R: D7
    @Test("--binary gives back 64 MiB byte for byte, with little memory")
    func binary() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let (input, output) = (site.folder.path("in"), site.folder.path("out"))
        try await ManagedProcess.mustRun("sh", ["-c", "head -c 67108864 /dev/urandom > \(input)"])
        let client = try ManagedProcess(
            "sh",
            [
                "-c",
                "\"$0\" connect --binary \"$1\" <\"$2\" >\"$3\" & pid=$!; while kill -0 $pid 2>/dev/null; do "
                    + "sed -n 's/VmHWM:[[:space:]]*//p' /proc/$pid/status 2>/dev/null; done; wait $pid",
                try BuiltProducts.longwire, site.url("echo"), input, output,
            ])
        #expect(try await client.waitUntilExit(within: .seconds(120)) == .exited(0))
        let sums = try await ManagedProcess.mustRun("sha256sum", [input, output]).split(separator: "\n")
            .map { $0.prefix(64) }
        #expect(sums.count == 2 && sums.first == sums.last)
        let peak = client.output?.lines.compactMap { Int($0.prefix { $0.isNumber }) }.max()
        #expect(try #require(peak) < 100 * 1024, "KiB resident")
    }

    // R: D3, D7
    @Test("A reader that begins after the session has ended misses nothing")
    func lateReader() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        defer { close(ends[0]) }
        // More than a pipe holds, and less than the client keeps.
        let lines = (1...30_000).map { "\($0)\n" }.joined()
        let client = try ManagedProcess(
            try BuiltProducts.longwire, ["connect", site.url("echo")], input: .pipe, output: .descriptor(ends[1]))
        close(ends[1])
        try await client.write(lines)
        try await eventually("the session is open") { try await !site.sessions().isEmpty }
        client.closeInput()
        try await eventually("the session has ended") {
            try await site.sessions().isEmpty
        }
        let handle = FileHandle(fileDescriptor: ends[0], closeOnDealloc: false)
        let text = try await Task.detached { try handle.readToEnd() }.value
        #expect(String(decoding: text ?? Data(), as: UTF8.self) == lines)
        #expect(try await client.waitUntilExit() == .exited(0))
    }

    // R: D4
    @Test("A closed output ends the session in good order, while there is still input")
    func outputClosed() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let result = try await ManagedProcess.run(
            "bash",
            [
                "-c", "yes | { \"$0\" connect \"$1\"; echo code=$? >&2; } | head -n 1",
                try BuiltProducts.longwire, site.url("echo"),
            ])
        #expect(result.output == "y\n")
        #expect(result.errors == "code=0\n")
        #expect(try await site.sessions().isEmpty)
    }

    // R: D4
    @Test("A servlet that never answers ends with the input all the same; -v tells of the line, --quiet of nothing")
    func silentServlet() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let loud = try await site.client("clock", ["-v"], input: "a\nb\n")
        #expect(loud.status == .exited(0))
        #expect(loud.errors.contains("longwire: connected over duplex"))
        let quiet = try await site.client("clock", ["--quiet"])
        #expect(quiet.status == .exited(0))
        #expect(quiet.errors == "")
    }

    // R: D5
    @Test("An operator's end has its own exit code, and its reason cannot command a terminal")
    func operatorCloses() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let client = try ManagedProcess(
            try BuiltProducts.longwire, ["connect", "--quiet", site.url("echo")], input: .pipe)
        try await client.write("first\n")
        try await client.waitForLine(containing: "first")
        let session = try #require(try await site.sessions().first)
        try await ManagedProcess.mustRun(
            try BuiltProducts.longwired, ["close", session, "--control", site.control, "--reason", "now\u{1b}[2J"])
        #expect(try await client.waitUntilExit() == .exited(10))
        #expect(
            client.errors?.lines == ["longwire: closed by the server: ended by an operator: now\\x1b[2J"])
    }

    // R: D5
    @Test("Why there is no session is told in a sentence and by the exit code")
    func refusals() async throws {
        let site = try await TerminalSite(behindNginx: true)
        let server = try await site.start()
        defer { server.stop() }
        let free = try FreePort.next()
        let cases: [(url: String, code: Int32, text: String)] = [
            ("http://127.0.0.1:\(free)/longwire/echo", 2, "connection refused"),
            ("http://name.invalid/longwire/echo", 3, "name.invalid is not known"),
            (site.url("none"), 13, "404 (not found)"),
            (try site.web.url("/"), 5, "405 (method not allowed)"),
            ("ftp://127.0.0.1/", 64, "neither http nor https"),
        ]
        for (url, code, text) in cases {
            let result = try await ManagedProcess.run(try BuiltProducts.longwire, ["connect", url])
            #expect(result.status == .exited(code), "\(url): \(result.errors)")
            #expect(result.errors.hasPrefix("longwire: ") && result.errors.contains(text), "\(result.errors)")
            #expect(result.output == "")
        }
        let header = try await ManagedProcess.run(
            try BuiltProducts.longwire, ["connect", "--header", "a: b\r\nc: d", site.url("echo")])
        #expect(header.status == .exited(64))
    }

    // R: D5
    @Test("A terminated client ends its session in good order")
    func terminated() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let client = try ManagedProcess(try BuiltProducts.longwire, ["connect", site.url("echo")], input: .pipe)
        try await client.write("first\n")
        try await client.waitForLine(containing: "first")
        client.send(signal: SIGINT)
        #expect(try await client.waitUntilExit() == .exited(0))
        #expect(try await site.sessions().isEmpty)
    }
}
