import LongwireClient
import LongwireProtocol
import NIOCore
import Testing
import TestSupport

/// Line 5 of what must be shown: lines that break, and web servers that die, lose and double nothing.
@Suite("Faults during a flow", .serialized, .timeLimit(.minutes(5)))
struct FlowFaultTests {
    private enum Fault: CaseIterable {
        case workerKilled, reload, restart
        case resetUp, resetDown, closeUp, closeDown
        case backResetUp, backResetDown, backCloseUp, backCloseDown

        var isBehind: Bool {
            switch self {
            case .backResetUp, .backResetDown, .backCloseUp, .backCloseDown: true
            default: false
            }
        }
    }

    /// Puts a fault in the middle of the byte stream where it is a cut, or else does it now.
    private func cause(_ fault: Fault, at server: FlowServer, after bytes: Int) async throws {
        guard let front = server.front else { return }
        switch fault {
        case .workerKilled: try await server.nginx.killWorkers()
        case .reload: try await server.nginx.reload()
        case .restart: try await server.nginx.restart()
        case .resetUp: try await front.cut(.reset, after: bytes, going: .up)
        case .resetDown: try await front.cut(.reset, after: bytes, going: .down)
        case .closeUp: try await front.cut(.close, after: bytes, going: .up)
        case .closeDown: try await front.cut(.close, after: bytes, going: .down)
        case .backResetUp: try await server.back?.cut(.reset, after: bytes, going: .up)
        case .backResetDown: try await server.back?.cut(.reset, after: bytes, going: .down)
        case .backCloseUp: try await server.back?.cut(.close, after: bytes, going: .up)
        case .backCloseDown: try await server.back?.cut(.close, after: bytes, going: .down)
        }
    }

    // R: D1, D2, D11
    @Test(
        "100,000 numbered messages each way arrive once and in order through ten of each fault; the servlet notices nothing",
        arguments: FlowUpstream.allCases)
    func flow(upstream: FlowUpstream) async throws {
        let faults = Fault.allCases.filter { upstream == .tcp || !$0.isBehind }
        let each = flowIsLong ? 30 : 10
        let slices = faults.count * each
        let numbers = FlowNumbers(count: 100_000)
        let server = try await FlowServer(
            ["numbers": numbers.servlet], over: upstream, cutsFront: true, cutsBack: true, shutdownTimeout: "1s")
        let client = try await FlowClient.connect(server.url("numbers"))
        let ending = Task { try await numbers.client(client.session) }
        var random = FlowRandom(seed: 5)
        let seconds = try await flowSeconds {
            for index in 0..<slices {
                let fault = faults[index % faults.count]
                let seen = client.changes.connections
                let bytes = Int.random(in: 1...2000, using: &random)
                switch fault {
                case .workerKilled, .restart:
                    try await numbers.slice(index, of: slices) { _ in try await cause(fault, at: server, after: 0) }
                case .reload:
                    // The old worker goes on for a second, and so does the flow, until it cuts.
                    try await numbers.slice(index, of: slices, trickles: true) { letSomeMoreGo in
                        try await cause(fault, at: server, after: 0)
                        try await eventually("the old worker cuts") {
                            letSomeMoreGo()
                            return client.changes.connections > seen
                        }
                    }
                default:
                    // The cut is set before the slice begins to move, and falls into the middle of a frame.
                    try await cause(fault, at: server, after: bytes)
                    try await numbers.slice(index, of: slices) { _ in }
                }
                try await eventually("\(fault) \(index) broke the line") { client.changes.connections > seen }
            }
            #expect(try await ending.value.kind == .closed)
        }
        #expect(numbers.failures.isEmpty)
        #expect(numbers.services == 1)
        #expect(numbers.arrived == (100_000, 100_000))
        #expect(client.changes.breaks.count >= slices)
        flowReport(
            "100,000 messages each way over \(upstream) through \(slices) faults, \(client.changes.breaks.count) breaks: \(seconds.short) s"
        )
        try await server.becomesEmpty()
        await server.stop()
    }

    // R: D11
    @Test("a line cut before the first message, when idle, and again within 10 ms of coming back, loses nothing")
    func oddMoments() async throws {
        let numbers = FlowNumbers(count: 300)
        let server = try await FlowServer(["numbers": numbers.servlet], cutsFront: true)
        let front = try #require(server.front)
        let reconnected = AsyncStream<Void>.makeStream()
        let client = try await FlowClient.connect(server.url("numbers")) { configuration in
            let note = configuration.onChange
            configuration.onChange = { change in
                note?(change)
                if case .connected = change { reconnected.continuation.yield() }
            }
        }
        var connections = reconnected.stream.makeAsyncIterator()
        await connections.next()
        // Before the first message.
        try await front.cut(.reset)
        await connections.next()
        let ending = Task { try await numbers.client(client.session) }
        numbers.allow(100)
        try await eventually("a third") { numbers.arrived == (100, 100) }
        // Idle: nothing is on its way and no acknowledgement is due.
        try await eventually("idle") { await client.session.status.unacknowledged == 0 }
        for cut in [TCPCutter.Cut.reset, .close] {
            try await front.cut(cut)
            await connections.next()
        }
        // Each time as soon as it is back, while there is something to send.
        numbers.allow(200)
        for round in 0..<20 {
            let clock = ContinuousClock()
            let back = clock.now
            try await front.cut(round % 2 == 0 ? .reset : .close)
            if clock.now - back > .milliseconds(10) { flowReport("cut \(round) came later than 10 ms") }
            await connections.next()
        }
        numbers.allow(300)
        #expect(try await ending.value.kind == .closed)
        #expect(numbers.services == 1)
        #expect(numbers.failures.isEmpty)
        #expect(numbers.arrived == (300, 300))
        #expect(client.changes.breaks.count >= 23)
        try await server.becomesEmpty()
        await server.stop()
    }

    // R: D11
    @Test(
        "longwired killed and started again: the client is told that its session is gone and what had arrived",
        arguments: FlowUpstream.allCases)
    func serverKilled(upstream: FlowUpstream) async throws {
        for round in 0..<(flowIsLong ? 20 : 5) {
            let daemon = try await FlowDaemon(over: upstream, ["--servlet", "echo"])
            let tap = try await FlowTap(target: daemon.nginx.port)
            let client = try await FlowClient.connect("http://127.0.0.1:\(tap.port)/longwire/echo")
            let sent = FlowBox(0)
            let sender = Task {
                for number in 0... {
                    try await client.session.send(Message(number: number))
                    sent.set(number + 1)
                }
            }
            var echoes = 0
            var isKilled = false
            var failure: SessionEnding?
            let killing = FlowBox<Task<Void, any Error>?>(nil)
            do {
                for try await message in client.session.messages {
                    // What comes is a beginning of what was sent, without a hole.
                    #expect(message.number == echoes)
                    echoes += 1
                    if echoes == 1000 * (round + 1), !isKilled {
                        isKilled = true
                        killing.set(Task { try await daemon.killAndRestart() })
                    }
                }
            } catch let ending as SessionEnding {
                failure = ending
            }
            let ending = try #require(failure)
            #expect(ending.kind == .lost)
            #expect(ending.code == .noSuchSession)
            #expect(await client.session.ending == ending)
            // The client says just as much as the dead server had told it.
            #expect(ending.covered == tap.log.coveredByServer)
            await #expect(throws: SessionEnding.self) { try await sender.value }
            #expect(ending.covered + ending.unacknowledged >= UInt64(sent.value))
            #expect(ending.unacknowledged > 0)
            #expect(echoes <= sent.value + 1)
            try await killing.value?.value
            // A new session with the new server is a new one, asked for by the application.
            let again = try await FlowClient.connect(daemon.url("echo"))
            #expect(again.session.identifier != client.session.identifier)
            #expect(await again.session.close().kind == .closed)
            try await daemon.stop()
        }
    }
}
