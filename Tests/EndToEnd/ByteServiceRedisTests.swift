import Foundation
import TestSupport
import Testing

/// A real redis-server behind longwired and nginx, driven by redis's own client.
@Suite("redis behind a session", .serialized, .timeLimit(.minutes(3))) struct ByteServiceRedisTests {
    @Test(
        "redis-cli gets right answers through longwire connect --binary, over tcp:// and unix:",
        arguments: ["tcp", "unix"])
    func redis(servlet: String) async throws {
        let folder = try TemporaryFolder()
        let (port, bridgePort) = (try FreePort.next(), try FreePort.next())
        let socket = folder.path("redis.sock")
        let redis = try ManagedProcess(
            "redis-server",
            [
                "--bind", "127.0.0.1", "--port", "\(port)", "--unixsocket", socket, "--save", "", "--appendonly", "no",
                "--dir", folder.path,
            ])
        defer { redis.stop() }
        try await redis.waitForLine(containing: "eady to accept connections")
        let daemon = try await FlowDaemon([
            "--servlet", "tcp=tcp://127.0.0.1:\(port)", "--servlet", "unix=unix:\(socket)",
        ])
        // As Docs/tcp.md has it.
        let bridge = try ManagedProcess(
            "socat",
            [
                "TCP-LISTEN:\(bridgePort),bind=127.0.0.1,reuseaddr,fork",
                "EXEC:'\(try BuiltProducts.longwire) connect --binary \(daemon.url(servlet))'",
            ])
        defer { bridge.stop() }
        func cli(_ arguments: String..., input: String = "", port: Int) async throws -> String {
            let result = try await ManagedProcess.run("redis-cli", ["-p", "\(port)"] + arguments, input: input)
            #expect(result.status == .exited(0), "\(result.errors)")
            return result.output
        }
        try await eventually("the bridge answers") {
            try await ManagedProcess.run("redis-cli", ["-p", "\(bridgePort)", "ping"], input: "").output == "PONG\n"
        }
        #expect(try await cli("set", "greeting", "grüße", port: bridgePort) == "OK\n")
        #expect(try await cli("--no-raw", "get", "greeting", port: port) == #""gr\xc3\xbc\xc3\x9fe""# + "\n")
        for number in 1...3 { #expect(try await cli("incr", "count", port: bridgePort) == "\(number)\n") }
        // A megabyte there and back.
        let large = String(repeating: "0123456789abcdef", count: 65_536)
        #expect(try await cli("-x", "set", "large", input: large, port: bridgePort) == "OK\n")
        #expect(try await cli("get", "large", port: bridgePort) == large + "\n")
        // Ten thousand commands without waiting for answers.
        let many = (1...10_000).map { "SET key\($0) \($0)\r\n" }.joined()
        #expect(try await cli("--pipe", input: many, port: bridgePort).contains("errors: 0, replies: 10000"))
        #expect(try await cli("dbsize", port: port) == "10003\n")
        #expect(try await cli("get", "key9999", port: bridgePort) == "9999\n")
        // The server speaks unasked, too.
        let listener = try ManagedProcess("redis-cli", ["-p", "\(bridgePort)", "subscribe", "news"])
        try await listener.waitForLine(containing: "news")
        try await eventually("somebody listens") { try await cli("publish", "news", "hello", port: port) == "1\n" }
        try await listener.waitForLine(containing: "hello")
        // Whoever goes takes the connection to redis along.
        listener.stop()
        try await eventually("redis has lost its clients, but for the one that asks") {
            try await cli("client", "list", port: port).split(separator: "\n").count == 1
        }
        bridge.stop()
        try await daemon.stop()
    }
}
