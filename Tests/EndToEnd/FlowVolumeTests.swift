import LongwireClient
import Testing
import TestSupport

/// Line 4 of what must be shown: large flows both ways at once, in bounded memory.
///
/// With the defence against nginx's uplink stall and without it. Client and server are processes of their own.
@Suite("Volume", .serialized, .timeLimit(.minutes(10)))
struct FlowVolumeTests {
    private static let memoryLimit = 100 << 20

    private struct Result {
        var lines: [String]
        var serverMemory: Int

        func value(_ name: String) -> String? {
            lines.first { $0.hasPrefix("role: \(name)") }.map {
                $0.dropFirst("role: \(name)".count).trimmingPrefix(" ").description
            }
        }
        var breaks: Int { value("breaks").flatMap { $0.split(separator: " ").first.flatMap { Int($0) } } ?? -1 }
        var clientMemory: Int { value("memory").flatMap { Int($0) } ?? .max }
        var seconds: Double { value("seconds").flatMap { Double($0) } ?? .nan }
        var isEqual: Bool { lines.contains("role: equal") }
    }

    private func run(
        _ plan: FlowPlan, over upstream: FlowUpstream, mode: String = "default", within limit: Duration
    ) async throws -> Result {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        let socket = folder.path("fcgi.sock")
        let address = upstream == .tcp ? "127.0.0.1:\(port)" : "unix:\(socket)"
        let server = try FlowRole.start(["server", address, plan.text])
        try await server.waitForLine(containing: "role: serving")
        let nginx = try await NginxFixture(to: upstream == .tcp ? .tcp(port: port) : .unix(path: socket))
        let words = ["client", nginx.url("/longwire/volume"), plan.text, mode]
        let client = try FlowRole.start(words)
        let hesitating = Task {
            // A machine that has other things to do: what comes meanwhile waits in the socket.
            while mode != "default" {
                try await Pace.idle(.milliseconds(60))
                server.pause()
                defer { server.resume() }
                try await Pace.idle(.milliseconds(100))
            }
        }
        defer { hesitating.cancel() }
        let status = try await client.waitUntilExit(within: limit)
        if status != .exited(0) { Issue.record("\(client.report)\n\(server.report)") }
        defer { server.stop() }
        try await nginx.stop()
        return Result(lines: client.output?.lines ?? [], serverMemory: server.peakResidentMemory())
    }

    private func report(_ what: String, _ result: Result, bytes: Int) {
        let megabytes = Double(bytes) / 1e6
        flowReport(
            "\(what): \(result.seconds.short) s, \((megabytes / result.seconds).short) MB/s each way at once; "
                + "greatest resident memory: client \(result.clientMemory >> 20) MiB, server \(result.serverMemory >> 20) MiB"
        )
    }

    // R: D2, D9
    @Test(
        "1 GiB up and 1 GiB down at once, with readers that stop at random, arrive whole in less than 100 MiB of memory",
        arguments: FlowUpstream.allCases)
    func gibibyte(upstream: FlowUpstream) async throws {
        let plan = FlowPlan(bytes: 1 << 30, sizes: 1...65_536, seed: 41, stopsOnceIn: 400, stops: 1...60)
        let result = try await run(plan, over: upstream, within: .seconds(280))
        #expect(result.isEqual)
        // No stall and no other break; the change of transaction by size is none.
        #expect(result.breaks == 0)
        #expect(result.clientMemory < Self.memoryLimit)
        #expect(result.serverMemory < Self.memoryLimit)
        report(
            "1 GiB each way over \(upstream), stopping \(result.value("stops") ?? "?") times", result, bytes: plan.bytes
        )
    }

    // R: D2
    @Test("one million messages of one byte each way arrive whole, without a stall", arguments: FlowUpstream.allCases)
    func tiny(upstream: FlowUpstream) async throws {
        let plan = FlowPlan(bytes: 1_000_000, sizes: 1...1, seed: 42, stopsOnceIn: 20_000, stops: 1...60)
        let result = try await run(plan, over: upstream, within: .seconds(120))
        #expect(result.isEqual)
        #expect(result.breaks == 0)
        #expect(result.clientMemory < Self.memoryLimit)
        #expect(result.serverMemory < Self.memoryLimit)
        report("1,000,000 one-byte messages each way over \(upstream)", result, bytes: plan.bytes)
    }

    // R: D11
    @Test(
        "a client that ignores the allowance stalls behind nginx, where one that keeps it does not; the watchdog's resume completes the flow"
    )
    func ignoring() async throws {
        let plan = FlowPlan(
            bytes: flowIsLong ? 64 << 20 : 8 << 20, sizes: 1...65_536, seed: FlowPlan.ignoringSeed, stopsOnceIn: 400,
            stops: 1...60)
        let keeping = try await run(plan, over: .unix, mode: "keeping", within: .seconds(120))
        #expect(keeping.isEqual)
        #expect(keeping.breaks == 0)
        let result = try await run(plan, over: .unix, mode: "ignoring", within: .seconds(400))
        #expect(result.isEqual)
        #expect(result.breaks >= 1)
        #expect(result.value("breaks")?.contains("was not read") == true)
        report("with the allowance", keeping, bytes: plan.bytes)
        report("without the allowance, \(result.breaks) stalls", result, bytes: plan.bytes)
    }
}
