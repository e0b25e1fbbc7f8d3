import LongwireTesting
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

/// What came at one end of a line.
private final class Seen: Sendable {
    struct State {
        var text = ""
        var isEnded = false
        var isReset = false
    }

    private let state = Mutex(State())
    var now: State { state.withLock { $0 } }
    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }
}

/// Notes what comes, and gives it to whoever answers.
private final class Noting: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let seen: Seen
    private let answer: (inout String) -> String
    private var input = ""

    /// - Parameter answer: takes what it answers off the front of what came.
    init(_ seen: Seen, answer: @escaping (inout String) -> String = { _ in "" }) {
        self.seen = seen
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let text = String(buffer: unwrapInboundIn(data))
        seen.change { $0.text += text }
        input += text
        let said = answer(&input)
        if !said.isEmpty { context.channel.writeAndFlush(ByteBuffer(string: said), promise: nil) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else { return }
        seen.change { $0.isEnded = true }
        context.close(mode: .output, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { seen.change { $0.isEnded = true } }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        seen.change { $0.isReset = true }
        context.close(promise: nil)
    }
}

/// A client's connection.
private struct Line {
    let seen = Seen()
    let channel: any Channel

    init(to proxy: ChaosProxy) async throws {
        let seen = seen
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Noting(seen)) }
            }
            .connect(host: "127.0.0.1", port: proxy.port).get()
    }

    func write(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }

    func hears(_ text: String) async throws {
        try await eventually("“\(text)” comes back, not “\(seen.now.text)”") { seen.now.text == text }
    }

    func ends() async throws { try await eventually("the line ends") { seen.now.isEnded } }
}

@Suite("What a proxy does to lines", .timeLimit(.minutes(1)))
struct ChaosProxyTests {
    /// A server, and a proxy before it.
    private struct Site {
        /// What came to the server, over all connections.
        let server = Seen()
        let proxy: ChaosProxy
        private let listener: any Channel

        /// - Parameter isHTTP: whether whole POSTs of three bytes are answered with these, or else all is echoed.
        init(isHTTP: Bool = false) async throws {
            let server = server
            listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let handler = Noting(server) { input in
                            guard isHTTP else {
                                defer { input = "" }
                                return input
                            }
                            return ChaosProxyTests.answers(&input)
                        }
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            proxy = try await ChaosProxy.start(to: listener.localAddress?.port ?? 0, seed: 1)
        }

        func line() async throws -> Line { try await Line(to: proxy) }

        func stop() async throws {
            try await proxy.stop()
            try await listener.close()
        }
    }

    private static func answers(_ input: inout String) -> String {
        var said = ""
        while let head = input.firstRange(of: "\r\n\r\n"), input[head.upperBound...].utf8.count >= 3 {
            said += answer(String(input[head.upperBound...].prefix(3)))
            input = String(input[head.upperBound...].dropFirst(3))
        }
        return said
    }

    private static func answer(_ text: String) -> String { "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\(text)" }
    private static func post(_ text: String) -> String {
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n\(text)"
    }

    // MARK: Any bytes

    @Test("Without faults bytes and ends pass, both ways")
    func passes() async throws {
        let site = try await Site()
        let line = try await site.line()
        try await line.write("some bytes")
        try await line.hears("some bytes")
        try await line.channel.close(mode: .output)
        try await line.ends()
        #expect(try await site.proxy.bytes(.up) == 10)
        #expect(try await site.proxy.bytes(.down) == 10)
        try await eventually("the proxy lets go of it") { try await site.proxy.openConnections == 0 }
        try await site.stop()
    }

    @Test("A cut ends the line in order, a reset does not, and a half-close ends one way first")
    func cuts() async throws {
        let site = try await Site()
        for fault in [ChaosFault.cut(.all), .reset(.one), .halfClose(.up, .all)] {
            let line = try await site.line()
            try await line.write("1")
            try await line.hears("1")
            try await site.proxy.cause(fault)
            if case .reset = fault {
                try await eventually("the line is reset") { line.seen.now.isReset }
            } else {
                try await line.ends()
                #expect(!line.seen.now.isReset)
            }
        }
        try await site.stop()
    }

    @Test("After so many bytes means between two bytes of the stream")
    func afterBytes() async throws {
        let site = try await Site()
        try await site.proxy.run(ChaosScript.parse("after 4 down cut"))
        let line = try await site.line()
        try await line.write("abcdefgh")
        try await line.ends()
        #expect(line.seen.now.text == "abcd")
        try await site.stop()
    }

    @Test("A stall holds everything, also the end, and loses nothing")
    func stall() async throws {
        let site = try await Site()
        try await site.proxy.cause(.stall(.up))
        let (held, other) = (try await site.line(), try await site.line())
        try await held.write("held")
        try await held.channel.close(mode: .output)
        try await site.proxy.cause(.cut(.one))
        try await eventually("one is cut") { held.seen.now.isEnded || other.seen.now.isEnded }
        #expect(site.server.now.text == "")
        try await site.proxy.heal()
        if !held.seen.now.isEnded { try await held.hears("held") }
        try await site.stop()
    }

    @Test("A delay and a limit take their time, and pass all in order")
    func slow() async throws {
        let site = try await Site()
        let line = try await site.line()
        try await site.proxy.cause(.delay(.milliseconds(30), jitter: .milliseconds(10)))
        try await site.proxy.cause(.limit(bytesPerSecond: 20_000, .up))
        let start = ContinuousClock.now
        for number in 0..<1000 { line.channel.writeAndFlush(ByteBuffer(string: "\(number),"), promise: nil) }
        try await line.hears((0..<1000).map { "\($0)," }.joined())
        // 3,890 bytes at 20,000 a second, and a delay each way: it cannot be faster.
        #expect(ContinuousClock.now - start > .milliseconds(190))
        try await site.stop()
    }

    @Test("One byte is changed, and just one")
    func corrupt() async throws {
        let site = try await Site()
        let line = try await site.line()
        try await site.proxy.cause(.corrupt(.up))
        try await line.write(String(repeating: "a", count: 40))
        try await eventually("all comes") { site.server.now.text.unicodeScalars.count >= 40 }
        #expect(site.server.now.text.count { $0 != "a" } == 1)
        try await site.stop()
    }

    @Test("While connections are refused nobody listens, and then the same port does again")
    func refuse() async throws {
        let site = try await Site()
        try await site.proxy.cause(.refuse)
        await #expect(throws: (any Error).self) { try await site.line() }
        try await site.proxy.heal()
        let line = try await eventually(valueOf: "a line") { try? await site.line() }
        try await line.write("back")
        try await line.hears("back")
        try await site.stop()
    }

    @Test("What seeds and scripts plan happens, and is told with its time")
    func planned() async throws {
        let told = Mutex<[ChaosEvent]>([])
        let site = try await Site()
        let proxy = try await ChaosProxy.start(
            to: site.proxy.port, plan: ChaosScript.parse("every 5ms cut\nafter 1ms for 10ms stall")
        ) { event in told.withLock { $0.append(event) } }
        try await eventually("three cuts and a stall") {
            let words = told.withLock { $0.map(\.what) }
            return words.count { $0 == "cut" } >= 3 && words.contains("stall for 10ms") && words.contains("stall ended")
        }
        #expect(told.withLock { $0.map(\.time) } == told.withLock { $0.map(\.time).sorted() })
        try await proxy.stop()
        try await site.stop()
    }

    // MARK: Requests

    @Test("Requests and responses are held to their ends and then go on as they are")
    func buffered() async throws {
        let site = try await Site(isHTTP: true)
        try await site.proxy.cause(.buffer(requests: true, responses: true))
        let (line, other) = (try await site.line(), try await site.line())
        try await line.write(String(Self.post("abc").dropLast()))
        try await other.write(Self.post("def"))
        try await other.hears(Self.answer("def"))
        #expect(site.server.now.text == Self.post("def"))
        try await line.write("c")
        try await line.hears(Self.answer("abc"))
        try await site.stop()
    }

    @Test("A POST goes twice, and is answered once")
    func repeated() async throws {
        let site = try await Site(isHTTP: true)
        try await site.proxy.cause(.repeatPost)
        let line = try await site.line()
        try await line.write(Self.post("abc"))
        try await line.hears(Self.answer("abc"))
        try await eventually("the copy comes") { site.server.now.text == Self.post("abc") + Self.post("abc") }
        try await line.write(Self.post("def"))
        try await line.hears(Self.answer("abc") + Self.answer("def"))
        try await site.stop()
    }

    @Test("Of two POSTs the second comes before the first")
    func swapped() async throws {
        let site = try await Site(isHTTP: true)
        try await site.proxy.cause(.swapPosts)
        let (first, second) = (try await site.line(), try await site.line())
        try await first.write(Self.post("one"))
        // The proxy reads both on one loop, what was there first first.
        try await eventually("both are open") { try await site.proxy.openConnections == 2 }
        try await second.write(Self.post("two"))
        try await first.hears(Self.answer("one"))
        try await second.hears(Self.answer("two"))
        #expect(site.server.now.text == Self.post("two") + Self.post("one"))
        try await site.stop()
    }

    @Test("A request is answered in the server's place, with a place to go where there is one")
    func answered() async throws {
        let site = try await Site(isHTTP: true)
        try await site.proxy.cause(.answer(status: 302, location: "/else"))
        let line = try await site.line()
        try await line.write(Self.post("abc"))
        try await line.ends()
        #expect(line.seen.now.text.hasPrefix("HTTP/1.1 302 ") && line.seen.now.text.contains("Location: /else\r\n"))
        #expect(site.server.now.text == "")
        try await site.stop()
    }
}
