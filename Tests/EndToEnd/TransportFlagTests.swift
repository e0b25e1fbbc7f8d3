import Foundation
import TestSupport
import Testing

/// The flags that say what may carry a session.
@Suite("Flags about transports", .timeLimit(.minutes(2)))
struct TransportFlagTests {
    // R: D6
    @Test(
        "A session goes over the transport that was named, which the program tells",
        arguments: [
            "tcp", "duplex", "websocket", "stream", "poll",
        ])
    func named(_ transport: String) async throws {
        let tcp = try FreePort.next()
        let site = try await TerminalSite(options: ["--tcp", "127.0.0.1:\(tcp)"])
        let server = try await site.start()
        let flags = ["--transport", transport] + (transport == "tcp" ? ["--tcp", "\(tcp)"] : [])
        let result = try await site.client("echo", flags + ["-v"], input: "one\ntwo\n")
        #expect(result.status == .exited(0), "\(result.errors)")
        #expect(result.output == "one\ntwo\n")
        #expect(result.errors.contains("connected over \(transport)"), "\(result.errors)")
        server.stop()
    }

    // R: B8
    @Test("The sizes and times of bundles may be chosen on both sides, and a session over poll keeps to them")
    func bundles() async throws {
        let site = try await TerminalSite(options: [
            "--bundle", "20KiB", "--bundle-messages", "3", "--bundle-delay", "30ms", "--hold", "2s", "--repeat-time",
            "2s", "--requests", "3", "--checksum", "no",
        ])
        let server = try await site.start()
        let input = (1...500).map { "\($0)\n" }.joined()
        for transport in ["poll", "stream"] {
            let result = try await site.client(
                "echo",
                [
                    "--transport", transport, "--bundle", "20000", "--bundle-messages", "5", "--bundle-delay", "20ms",
                    "--hold", "1s", "--repeat-time", "500ms", "--requests", "3", "--uplinks", "2", "--unanswered", "9",
                    "--checksum",
                ], input: input)
            #expect(result.status == .exited(0), "\(result.errors)")
            #expect(result.output == input)
        }
        server.stop()
    }

    @Test("What cannot be is refused with a sentence that says what can")
    func refused() async throws {
        let cases: [([String], String)] = [
            (["--transport", "duplex,carrier-pigeon"], "one or several of tcp, duplex, websocket, stream, poll"),
            (["--transport", "poll,poll"], "each once"), (["--transport", ""], "one or several of"),
            (["--transport", "uplink"], "one or several of"), (["--transport", "tcp"], "needs --tcp PORT"),
            (["--tcp", "http://x"], "write PORT or HOST:PORT"), (["--tcp", "0"], "write PORT or HOST:PORT"),
            (["--requests", "0"], "--requests must be 1 to 8"), (["--uplinks", "5"], "--uplinks must be 1 to 4"),
            (["--bundle", "100"], "it must hold one frame"), (["--hold", "1h"], "at most the heartbeat"),
            (["--repeat-time", "1ms"], "the repeat time must be"),
        ]
        for (flags, sentence) in cases {
            let result = try await ManagedProcess.run(BuiltProducts.longwire, ["http://127.0.0.1:1/"] + flags)
            #expect(result.status == .exited(64), "\(flags): \(result.errors)")
            #expect(result.errors.contains(sentence), "\(flags): \(result.errors)")
        }
        let probe = try await ManagedProcess.run(
            BuiltProducts.longwire, ["probe", "http://127.0.0.1:1/", "--transport", "x"])
        #expect(probe.status == .exited(64))
    }

    // R: D6
    @Test("A probe says of TCP and WebSocket whether they pass, or why not")
    func probe() async throws {
        let tcp = try FreePort.next()
        let offering = try await TerminalSite(options: ["--tcp", "127.0.0.1:\(tcp)"])
        var server = try await offering.start()
        let all = try await probe(offering.url("echo"))
        #expect(all.works == ["tcp", "duplex", "websocket", "stream", "poll"])
        #expect(all.chosen == "tcp")
        server.stop()
        let fastCGI = try await TerminalSite(behindNginx: true)
        server = try await fastCGI.start()
        let some = try await probe(fastCGI.url("echo"))
        #expect(some.works == ["duplex", "stream", "poll"])
        #expect(some.chosen == "duplex")
        #expect(some.reasons["tcp"]?.contains("the server offers none") == true)
        #expect(some.reasons["websocket"]?.contains("makes no WebSocket") == true)
        let two = try await probe(fastCGI.url("echo"), ["--transport", "websocket,poll"])
        #expect(two.works == ["poll"] && Set(two.reasons.keys) == ["websocket"])
        server.stop()
    }

    private func probe(
        _ url: String, _ flags: [String] = []
    ) async throws -> (works: [String], reasons: [String: String], chosen: String?) {
        let result = try await ManagedProcess.run(
            BuiltProducts.longwire, ["probe", url, "--json", "--no-proxy"] + flags)
        #expect(result.status == .exited(0), "\(result.errors)")
        let report = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any] ?? [:]
        var (works, reasons): ([String], [String: String]) = ([], [:])
        for line in report["transports"] as? [[String: Any]] ?? [] {
            guard let name = line["transport"] as? String else { continue }
            if line["works"] as? Bool == true { works.append(name) } else { reasons[name] = line["reason"] as? String }
        }
        return (works, reasons, report["chosen"] as? String)
    }
}
