import LongwireClient
import LongwireProtocol
import LongwireServer
import NIOCore
import NIOPosix
import Testing
import TestSupport

/// Lines 3 and 5 of what must be shown once more where longwired answers HTTP itself.
@Suite("Without a web server", .serialized, .timeLimit(.minutes(2)))
struct FlowBuiltInTests {
    // R: D9, D10, D11
    @Test("20,000 numbered messages each way arrive once and in order over the built-in HTTP while its lines are cut")
    func flow() async throws {
        let numbers = FlowNumbers(count: 20_000)
        let mount = try Mount(servlets: ["numbers": .task(numbers.servlet)])
        let listener = try await HTTPListener.bind(
            host: "127.0.0.1", port: 0, mount: mount, on: MultiThreadedEventLoopGroup.singleton)
        let cutter = try await TCPCutter(target: try #require(listener.localAddress?.port))
        let client = try await FlowClient.connect("http://127.0.0.1:\(cutter.port)/longwire/numbers")
        let ending = Task { try await numbers.client(client.session) }
        var random = FlowRandom(seed: 10)
        let slices = 40
        for index in 0..<slices {
            let seen = client.changes.connections
            try await cutter.cut(
                index % 2 == 0 ? .reset : .close, after: Int.random(in: 1...2000, using: &random),
                going: index % 4 < 2 ? .up : .down)
            try await numbers.slice(index, of: slices) { _ in }
            try await eventually("cut \(index) broke the line") { client.changes.connections > seen }
        }
        #expect(try await ending.value.kind == .closed)
        #expect(numbers.failures.isEmpty)
        #expect(numbers.services == 1)
        #expect(numbers.arrived == (20_000, 20_000))
        try await eventually("no session is left") { mount.sessionCount == 0 }
        await listener.stopAccepting()
    }

    // R: D4, D5, D10
    @Test("CLOSE of either side goes the same way over the built-in HTTP: CLOSE, its answer, the response, the socket")
    func endings() async throws {
        let servlet = FlowServlet { session in
            for try await message in session.messages where message.text == "end" {
                throw ServletFailure(CloseCode(rawValue: 1234), reason: "as you asked")
            }
        }
        let mount = try Mount(servlets: ["end": .task(servlet)])
        let listener = try await HTTPListener.bind(
            host: "127.0.0.1", port: 0, mount: mount, on: MultiThreadedEventLoopGroup.singleton)
        for byServlet in [true, false] {
            let tap = try await FlowTap(target: try #require(listener.localAddress?.port))
            let client = try await FlowClient.connect("http://127.0.0.1:\(tap.port)/longwire/end")
            try await client.session.send(byServlet ? "end" : "stay")
            if byServlet { for try await _ in client.session.messages {} }
            let ending = await client.session.close(CloseCode(rawValue: 1001))
            #expect(ending.kind == .closed)
            #expect(ending.code == CloseCode(rawValue: byServlet ? 1234 : 1001))
            let steps =
                byServlet
                ? ["down CLOSE 1234", "up CLOSE 1001", "down end"] : ["up CLOSE 1001", "down CLOSE 0", "down end"]
            try await eventually("\(steps)") { tap.log.texts.filter(steps.contains) == steps }
            try await eventually("the socket is closed") {
                tap.log.texts.contains("down closed") || tap.log.texts.contains("up closed")
            }
        }
        try await eventually("no session is left") { mount.sessionCount == 0 }
        await listener.stopAccepting()
    }
}
