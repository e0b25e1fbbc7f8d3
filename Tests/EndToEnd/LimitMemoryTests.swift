import Foundation
import LongwireClient
import LongwireProtocol
import NIOCore
import TestSupport
import Testing

/// What clients that keep to no rule cost, and how long the others wait for it.
@Suite("Limits of memory and time", .serialized, .timeLimit(.minutes(4)))
struct LimitMemoryTests {
    private static let window = 32 * 1024

    /// A longwired with small windows on HTTP and bare TCP.
    private static func start(_ folder: TemporaryFolder, _ more: [String] = []) async throws -> (
        process: ManagedProcess, http: Int, tcp: Int
    ) {
        FileLimit.raise()
        let (http, tcp) = (try FreePort.next(), try FreePort.next())
        let process = try ManagedProcess(
            BuiltProducts.longwired,
            [
                "--http", "127.0.0.1:\(http)", "--tcp", "127.0.0.1:\(tcp)", "--servlet", "echo", "--control",
                folder.path("control"),
            ] + more)
        try await process.waitForLine(containing: "serving")
        return (process, http, tcp)
    }

    // R: C7
    @Test(
        "1,000 clients that never read, and 1,000 that never acknowledge, cost at most their windows; others go on",
        arguments: [false, true])
    func thousandsOfHogs(reads: Bool) async throws {
        let folder = try TemporaryFolder()
        let (process, http, tcp) = try await Self.start(folder, ["--window", "\(Self.window)"])
        let neighbour = try await Longwire.connect("http://127.0.0.1:\(http)/longwire/echo")
        let before = process.residentMemory()
        let count = 1_000
        var hogs: [LimitPeer] = []
        for _ in 0..<count { hogs.append(try await LimitPeer(port: tcp, target: "/longwire/echo", reads: reads)) }
        // As much as the credit allows: what comes back is kept, for it is never acknowledged.
        for hog in hogs { hog.send(28, bytes: 1_024) }
        try await eventually(within: .seconds(60), "all that may come has come") {
            let listed = try await ManagedProcess.mustRun(
                BuiltProducts.longwired, ["sessions", "--control", folder.path("control")])
            let sizes = listed.split(separator: "\n").map { line in
                Int(line.split(separator: "unacknowledged_bytes\":").last?.prefix { $0.isNumber } ?? "") ?? 0
            }
            return sizes.count { $0 >= 28 * 1_024 } == count
        }
        let grown = process.residentMemory() - before
        // Both windows, what a socket may have to write, and 32 KiB for everything else.
        let most = count * (2 * Self.window + 64 * 1024 + 32 * 1024) + 32 * 1024 * 1024
        #expect(grown <= most, "\(grown) bytes, of \(most)")
        try await neighbour.send("undisturbed")
        var messages = neighbour.messages.makeAsyncIterator()
        #expect(try await messages.next()?.text == "undisturbed")
        #expect(await neighbour.close().kind == .closed)
        flowReport(
            "1,000 clients that never \(reads ? "acknowledge" : "read") cost \(grown / 1024 / count) KiB each, window \(Self.window / 1024) KiB"
        )
        for hog in hogs { hog.close() }
        process.stop()
    }

    // R: C7
    @Test("control frames pass within a second on a line of 1 Mbit/s that is full, whatever the window")
    func controlFramesPass() async throws {
        let folder = try TemporaryFolder()
        let (process, http, _) = try await Self.start(folder)
        // 1 Mbit/s.
        let rate = 125_000
        let line = try await SlowLine(target: http, bytesPerSecond: rate)
        let client = try await FlowClient.connect("http://127.0.0.1:\(line.port)/longwire/echo")
        let session = client.session
        let received = FlowBox(0)
        let sending = Task {
            while true { try await session.send(Message(ByteBuffer(repeating: 0x61, count: 4_000))) }
        }
        let reading = Task {
            for try await message in session.messages { received.change { $0 += message.payload.readableBytes } }
        }
        var times: [Double] = []
        for round in 1...8 {
            try await eventually(within: .seconds(60), "the line is full for a while more") {
                received.value > round * rate
            }
            let before = ContinuousClock.now
            session.onLoop { core in core.turn { $0.machine.ping() } }
            try await eventually(within: .seconds(30), "PONG") {
                let answer = FlowBox<TimeAmount?>(nil)
                _ = try await session.eventLoop.submit {
                    session.onLoop { core in answer.set(core.machine.lastPing) }
                }.get()
                return answer.value != nil
            }
            let time = ContinuousClock.now - before
            times.append(Double(time.components.attoseconds) / 1e18 + Double(time.components.seconds))
        }
        // What the line itself keeps in its sockets is its own time.
        let own = Double(64 * 1024) / Double(rate)
        #expect(times.allSatisfy { $0 < 1 + own }, "\(times.map(\.short)) s")
        flowReport("PONG on a full line of 1 Mbit/s after \(times.map(\.short)) s")
        sending.cancel()
        session.abort(.done)
        _ = await reading.result
        process.stop()
    }
}
