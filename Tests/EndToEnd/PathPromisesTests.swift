import LongwireClient
import LongwireServer
import NIOCore
import TestSupport
import Testing

/// A transport behind a web server over which it passes.
struct PathChoice: Sendable, CustomTestStringConvertible {
    enum Front: String, Sendable {
        case nginx, apache, builtIn = "built-in"
        case nginxUpgrade = "nginx with upgrades"
        case apacheUpgrade = "Apache with upgrades"
    }

    var front: Front
    var transport: TransportKind
    var testDescription: String { "\(transport) through \(front.rawValue)" }

    static let all = [
        PathChoice(front: .builtIn, transport: .duplex), PathChoice(front: .builtIn, transport: .stream),
        PathChoice(front: .builtIn, transport: .poll), PathChoice(front: .builtIn, transport: .websocket),
        PathChoice(front: .builtIn, transport: .tcp), PathChoice(front: .nginxUpgrade, transport: .websocket),
        PathChoice(front: .apacheUpgrade, transport: .websocket),
        PathChoice(front: .nginx, transport: .duplex), PathChoice(front: .nginx, transport: .stream),
        PathChoice(front: .nginx, transport: .poll),
        PathChoice(front: .apache, transport: .stream), PathChoice(front: .apache, transport: .poll),
    ]

    /// The port of the front, and what keeps it running.
    func start(before site: PathSite) async throws -> (port: Int, part: any Sendable) {
        switch front {
        case .builtIn: return (transport == .tcp ? site.tcpPort : site.httpPort, site)
        case .nginx:
            let nginx = try await NginxFixture(to: .tcp(port: site.fastCGIPort))
            return (nginx.port, nginx)
        case .nginxUpgrade:
            let nginx = try await NginxFixture(WebSocketWayTests.nginx(to: "127.0.0.1:\(site.httpPort)"))
            return (nginx.port, nginx)
        case .apacheUpgrade:
            let apache = try await ApacheFixture(.webSocket(port: site.httpPort))
            return (apache.port, apache)
        case .apache:
            let apache = try await ApacheFixture(.fastCGI(port: site.fastCGIPort))
            return (apache.port, apache)
        }
    }
}

/// What a session promises, over every transport alike, end to end.
@Suite("Every transport keeps the same promises", .serialized, .timeLimit(.minutes(10)))
struct PathPromisesTests {
    /// Runs the body with a session of a servlet over the demanded transport alone.
    private static func session(
        over choice: PathChoice, _ servlet: ServletKind, cuts: Bool = false,
        _ body: (Session, TCPCutter?) async throws -> Void
    ) async throws {
        let site = try await PathSite(["test": servlet])
        let front = try await choice.start(before: site)
        let cutter = cuts ? try await TCPCutter(target: front.port) : nil
        var configuration = ClientConfiguration()
        configuration.transports = [choice.transport]
        if choice.transport == .tcp { configuration.directTCP = DirectTCP(port: cutter?.port ?? front.port) }
        let url = "http://127.0.0.1:\(cutter?.port ?? front.port)/longwire/test"
        let session = try await Longwire.connect(url, configuration: configuration)
        #expect(await session.status.transport == choice.transport)
        try await body(session, cutter)
        await site.stop()
        withExtendedLifetime(front) {}
    }

    // R: B4, C3, D7, D10
    @Test("2,000 messages of both kinds come back once and in order", arguments: PathChoice.all)
    func orderAndKinds(_ choice: PathChoice) async throws {
        try await Self.session(over: choice, .inline(EchoServlet())) { session, _ in
            let all = (1...2_000).map { number in
                number % 3 == 0
                    ? Message(ByteBuffer(repeating: UInt8(truncatingIfNeeded: number), count: number % 1_500))
                    : Message(number % 100 == 1 ? "" : "message \(number)")
            }
            async let sending: Void = { for message in all { try await session.send(message) } }()
            var messages = session.messages.makeAsyncIterator()
            for message in all { #expect(try await messages.next() == message) }
            try await sending
            #expect(await session.close().kind == .closed)
        }
    }

    // R: D2
    @Test("The server speaks before anything else moved, and the client is told its code", arguments: PathChoice.all)
    func serverFirst(_ choice: PathChoice) async throws {
        let servlet = FlowServlet { session in
            for number in 1...500 { try await session.send("\(number)") }
            throw ServletFailure(CloseCode(rawValue: 1234), reason: "said everything")
        }
        try await Self.session(over: choice, .task(servlet)) { session, _ in
            var expected = 1
            for try await message in session.messages {
                #expect(message.text == "\(expected)")
                expected += 1
            }
            #expect(expected == 501)
            session.beginClose()
            let ending = await session.ending
            #expect(ending.code.rawValue == 1234)
            #expect(ending.reason == "said everything")
        }
    }

    // R: B6
    @Test("The client's code and reason reach the servlet", arguments: PathChoice.all)
    func clientCode(_ choice: PathChoice) async throws {
        let told = FlowBox<SessionEnding?>(nil)
        let servlet = FlowServlet { session in
            for try await _ in session.messages {}
            session.beginClose()
            told.set(await session.ending)
        }
        try await Self.session(over: choice, .task(servlet)) { session, _ in
            try await session.send("the only one")
            _ = await session.close(CloseCode(rawValue: 4321), reason: "enough")
            try await eventually("the servlet is told") { told.value != nil }
            #expect(told.value?.kind == .closed)
            #expect(told.value?.code.rawValue == 4321)
            #expect(told.value?.reason == "enough")
        }
    }

    @Test("Who does not read makes the other side wait, with nothing lost", arguments: PathChoice.all)
    func backPressure(_ choice: PathChoice) async throws {
        let isReading = FlowBox(false)
        let servlet = FlowServlet { session in
            try await eventually(within: .seconds(120), "the test says read") { isReading.value }
            for try await message in session.messages { try await session.send(message) }
        }
        try await Self.session(over: choice, .task(servlet)) { session, _ in
            let (count, size) = (400, 8_000)
            let taken = FlowBox(0)
            let sender = Task {
                for number in 0..<count {
                    try await session.send(ByteBuffer(repeating: UInt8(truncatingIfNeeded: number), count: size))
                    taken.change { $0 += 1 }
                }
            }
            var before = -1
            try await eventually(within: .seconds(60), "the sender waits") {
                defer { before = taken.value }
                try await Pace.idle(.milliseconds(200))
                return taken.value > 0 && taken.value == before
            }
            // The window there and the buffer here, and what is on its way between threads.
            #expect(taken.value * size <= 512 * 1024 + 128 * 1024)
            isReading.set(true)
            var messages = session.messages.makeAsyncIterator()
            for number in 0..<count {
                let bytes = try await messages.next()?.payload
                #expect(bytes == ByteBuffer(repeating: UInt8(truncatingIfNeeded: number), count: size))
            }
            try await sender.value
            #expect(await session.close().kind == .closed)
        }
    }

    // R: B8
    @Test("10 MB each way at once arrive whole (100 MB in the long run)", arguments: PathChoice.all)
    func volume(_ choice: PathChoice) async throws {
        let plan = FlowPlan(
            bytes: (flowIsLong ? 100 : 10) * 1_000_000, sizes: 1...100_000, seed: 7, stopsOnceIn: 40, stops: 1...20)
        try await Self.session(over: choice, .task(FlowVolume.servlet(plan))) { session, _ in
            let seconds = try await flowSeconds {
                let result = try await FlowVolume.client(session, plan)
                #expect(result.problems.isEmpty, "\(result.problems)")
            }
            flowReport("\(choice.testDescription): \((2 * Double(plan.bytes) / 1e6 / seconds).short) MB/s, both ways")
        }
    }

    // R: D11
    @Test("A session outlives its lines, which are cut ten times", arguments: PathChoice.all)
    func resume(_ choice: PathChoice) async throws {
        try await Self.session(over: choice, .inline(EchoServlet()), cuts: true) { session, cutter in
            let count = 2_000
            async let sending: Void = { for number in 1...count { try await session.send("\(number)") } }()
            var messages = session.messages.makeAsyncIterator()
            for number in 1...count {
                #expect(try await messages.next()?.text == "\(number)")
                if number % 200 == 0 { try await cutter?.cut() }
            }
            try await sending
            #expect(await session.close().kind == .closed)
        }
    }
}
