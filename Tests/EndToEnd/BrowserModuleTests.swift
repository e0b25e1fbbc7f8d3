import Foundation
import TestSupport
import Testing

/// The module for browsers, as the mount serves it, run by Node.
@Suite("The browser module in Node", .serialized, .timeLimit(.minutes(4)))
struct BrowserModuleTests {
    private let folder: TemporaryFolder
    private let module: String

    init() throws {
        folder = try TemporaryFolder()
        module = folder.path("longwire.mjs")
    }

    private func script(_ name: String) -> String { Repository.path("Tests/Browser/\(name).mjs") }

    /// Fetches the module from a mount.
    private func fetchModule(_ daemon: FlowDaemon) async throws {
        try await ManagedProcess.mustRun("curl", ["-sSf", "-o", module, daemon.url("longwire.js")])
    }

    // R: D6, D9, D11
    @Test(
        "1,000 messages each way arrive once and in order through nginx while the line is cut 19 times",
        arguments: ["stream", "poll", "stream,poll"])
    func exactlyOnce(_ transports: String) async throws {
        let daemon = try await FlowDaemon(["--servlet", "echo"])
        try await fetchModule(daemon)
        let cutter = try await TCPCutter(target: daemon.nginx.port)
        let node = try ManagedProcess(
            "node", [script("numbers"), module, "http://127.0.0.1:\(cutter.port)/longwire/echo", transports, "1000"])
        var random = FlowRandom(seed: 6)
        for part in 1...19 {
            try await node.waitForLine(containing: "at \(part * 50);")
            try await cutter.cut(
                part % 2 == 0 ? .reset : .close, after: Int.random(in: 1...3000, using: &random),
                going: part % 4 < 2 ? .up : .down)
        }
        try await node.waitForLine(containing: "ended closed 1234, 1000 returned")
        #expect(try await node.waitUntilExit() == .exited(0), "\(node.report)")
        // Where a response streams, every cut of it is told.
        if transports != "poll" { #expect(node.output?.text.contains(", 0 breaks") == false) }
        try await daemon.stop()
    }

    // R: D11
    @Test("a server that is not read holds back who sends, and nothing is lost", arguments: ["stream", "poll"])
    func backPressure(_ transports: String) async throws {
        let daemon = try await FlowDaemon(["--servlet", "echo"])
        try await fetchModule(daemon)
        let result = try await ManagedProcess.run("node", [script("pressure"), module, daemon.url("echo"), transports])
        #expect(result.status == .exited(0), "\(result.output)\(result.errors)")
        #expect(result.output.contains("held after "))
        #expect(result.output.contains("took 839 of 839"))
        try await daemon.stop()
    }

    // R: D5, D12
    @Test("it is told how the session ended: by a program, by an operator, by a restart; or why there is none")
    func endings() async throws {
        let daemon = try await FlowDaemon(["--servlet", "echo", "--servlet", "once=exec:head -n 1"])
        try await fetchModule(daemon)
        let program = try await ManagedProcess.run("node", [script("talk"), module, daemon.url("once"), "a line"])
        #expect(program.output.contains("message a line\nno more messages\n"), "\(program.output)\(program.errors)")
        #expect(program.output.contains("ended closed 0"))

        let missing = try await ManagedProcess.run("node", [script("talk"), module, daemon.url("nothing")])
        #expect(missing.output.contains("not connected: the server answered with status 404: Nothing is mounted at"))

        let closed = try ManagedProcess("node", [script("talk"), module, daemon.url("echo"), "hello"])
        try await closed.waitForLine(containing: "message hello")
        let listed = try await daemon.command("sessions").output
        let identifier = try #require(listed.firstRange(of: "\"session\":\"")).upperBound
        _ = try await daemon.command("close", String(listed[identifier...].prefix(32)), "--reason", "back at noon")
        try await closed.waitForLine(containing: "ended closed 11 back at noon")

        let lost = try ManagedProcess("node", [script("talk"), module, daemon.url("echo"), "hello"])
        try await lost.waitForLine(containing: "message hello")
        try await daemon.killAndRestart()
        try await lost.waitForLine(containing: "SessionEnded: the session ended: lost, code 6")
        try await daemon.stop()
    }

    // R: D9
    @Test("what the answer to a POST brings later than what follows it on the stream still comes in order, and once")
    func overtaken() async throws {
        let daemon = try await FlowDaemon(["--servlet", "echo"])
        try await fetchModule(daemon)
        let server = try await WireServer()
        let node = try ManagedProcess("node", [script("talk"), module, server.url, "hello"])
        func chunk(_ bytes: [UInt8]) -> [UInt8] {
            Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + [13, 10]
        }
        let field = try await server.request(0).head.split(separator: "\r\n")
            .first { $0.lowercased().hasPrefix("longwire-open: ") }
        let open = try #require(field?.split(separator: " ").last)
        let bytes = try #require(Wire.bytes(base64URL: String(open)))
        let identifier = try #require(WireFrame.all(in: bytes).first?.open).identifier
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.longwire\r\nTransfer-Encoding: chunked\r\n\r\n"
        let opened = Wire.opened(identifier: identifier, instance: server.instance) + Wire.ack(received: 0, extra: 0)
        try await server.write(0, Array(head.utf8) + chunk(opened))
        let hello: Int = try await eventually(valueOf: "the message goes up") {
            server.requests.firstIndex { $0.numbers == [1] }
        }
        try await server.write(0, chunk(Wire.text(2, "second") + Wire.text(3, "third")))
        try await server.answer(hello, Wire.ack(received: 1, extra: 0) + Wire.text(1, "first"))
        try await node.waitForLine(containing: "message third")
        let lines = node.output?.text.split(separator: "\n").filter { $0.hasPrefix("message ") } ?? []
        #expect(lines == ["message first", "message second", "message third"])
        #expect(server.requests.count { $0.head.hasPrefix("GET") } == 1, "the stream went on")
        node.terminate()
        try await server.stop()
        try await daemon.stop()
    }

    // R: D8
    @Test("where a response does not pass as it is written, it polls within seconds, and nobody is asked")
    func buffered() async throws {
        let daemon = try await FlowDaemon(["--servlet", "echo"])
        try await fetchModule(daemon)
        var options = NginxFixture.Options(mounts: [])
        options.serverDirectives = """
            location / {
                proxy_pass http://127.0.0.1:\(daemon.nginx.port);
                proxy_buffering on;
                proxy_ignore_headers X-Accel-Buffering;
            }
            """
        let proxy = try await NginxFixture(options)
        let result = try await ManagedProcess.run(
            "node", [script("numbers"), module, proxy.url("/longwire/echo"), "stream,poll", "200"])
        #expect(result.status == .exited(0), "\(result.output)\(result.errors)")
        #expect(result.output.contains(#"{"state":"connected","transport":"poll"}"#))
        #expect(!result.output.contains(#""transport":"stream""#))
        #expect(result.output.contains("200 returned, 0 breaks"))
        try await daemon.stop()
        try await proxy.stop()
    }

    // R: D8
    @Test("where the first 4 KiB of a response are held back, it climbs from poll to a stream that begins with more")
    func prelude() async throws {
        let daemon = try await FlowDaemon(["--servlet", "echo"])
        try await fetchModule(daemon)
        // It tries a stream again after a minute; this copy does sooner.
        let text = try String(contentsOfFile: module, encoding: .utf8)
        try #require(text.contains("promotionInterval = 60_000"))
        try text.replacing("promotionInterval = 60_000", with: "promotionInterval = 100")
            .write(toFile: module, atomically: true, encoding: .utf8)
        var behaviour = FaultBehaviour()
        behaviour.holdsResponseStart = 4096
        let proxy = try await FaultProxy(target: daemon.nginx.port, behaviour)
        let node = try ManagedProcess(
            "node",
            [script("numbers"), module, "http://127.0.0.1:\(proxy.port)/longwire/echo", "stream,poll", "10000"])
        try await node.waitForLine(containing: #""transport":"poll""#)
        try await node.waitForLine(containing: #""transport":"stream""#)
        try await node.waitForLine(containing: "10000 returned", within: .seconds(60))
        try await daemon.stop()
    }
}
