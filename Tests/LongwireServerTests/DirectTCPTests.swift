import HTTPTypes
import LongwireClient
import LongwireServer
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// Direct TCP comes first where it is known, and where it does not pass nobody above notices.
@Suite(.timeLimit(.minutes(2))) struct DirectTCPTests {
    /// Which transports carried a session, in their order.
    private final class Record: Sendable {
        private let transports = NIOLockedValueBox<[TransportKind]>([])
        var all: [TransportKind] { transports.withLockedValue { $0 } }

        func configuration(tcp port: Int? = nil) -> ClientConfiguration {
            var configuration = ClientConfiguration()
            configuration.directTCP = port.map { DirectTCP(port: $0) }
            configuration.onChange = { [transports] change in
                if case .connected(let transport) = change { transports.withLockedValue { $0.append(transport) } }
            }
            return configuration
        }
    }

    private static func echo(offer: TCPListener.Offer = .nothing) async throws -> TestServer {
        try await TestServer(["echo": .inline(EchoServlet())], offer: offer)
    }

    /// Sends numbers and expects them back, once and in order.
    private static func count(_ range: ClosedRange<Int>, over session: Session) async throws {
        async let sending: Void = { for number in range { try await session.send("\(number)") } }()
        var messages = session.messages.makeAsyncIterator()
        for number in range { #expect(try await messages.next()?.text == "\(number)") }
        try await sending
    }

    // R: B7
    @Test("Where it was named, TCP carries the session, and HTTP is not asked")
    func named() async throws {
        let server = try await Self.echo()
        let record = Record()
        // Nobody listens at the URL's port.
        let session = try await Longwire.connect(
            "http://127.0.0.1:\(try FreePort.next())/longwire/echo?room=1",
            configuration: record.configuration(tcp: server.tcpPort))
        try await Self.count(1...100, over: session)
        #expect(await session.close().kind == .closed)
        #expect(record.all == [.tcp])
        try await server.stop()
    }

    // R: B7
    @Test("Where nobody listens at the port, HTTP opens the session")
    func refused() async throws {
        let server = try await Self.echo()
        let record = Record()
        let session = try await server.connect("echo", record.configuration(tcp: try FreePort.next()))
        try await Self.count(1...100, over: session)
        #expect(await session.close().kind == .closed)
        #expect(record.all == [.duplex])
        try await server.stop()
    }

    // R: B7
    @Test("Where whoever listens there says nothing, HTTP opens the session long before that is given up")
    func silent() async throws {
        let server = try await Self.echo()
        let mute = try await ServerBootstrap(group: server.group).bind(host: "127.0.0.1", port: 0).get()
        let record = Record()
        var configuration = record.configuration(tcp: mute.localAddress?.port)
        configuration.session.timeToOpen = .seconds(60)
        let session = try await server.connect("echo", configuration)
        try await Self.count(1...100, over: session)
        #expect(await session.close().kind == .closed)
        #expect(record.all == [.duplex])
        try await mute.close()
        try await server.stop()
    }

    // R: B7
    @Test("A session over HTTP moves to TCP when the server offers it, and the next one begins there")
    func offered() async throws {
        let server = try await Self.echo(offer: .ownPort)
        let client = Longwire(group: MultiThreadedEventLoopGroup.singleton)
        let url = "http://127.0.0.1:\(server.port)/longwire/echo"
        let record = Record()
        let session = try await client.connect(url, configuration: record.configuration())
        var next = 1
        try await eventually("it has moved") {
            try await Self.count(next...next + 50, over: session)
            next += 51
            return record.all == [.duplex, .tcp]
        }
        try await Self.count(next...next + 500, over: session)
        #expect(await session.close().kind == .closed)
        let second = Record()
        let another = try await client.connect(url, configuration: second.configuration())
        try await Self.count(1...10, over: another)
        #expect(await another.close().kind == .closed)
        #expect(second.all == [.tcp])
        try await server.stop()
    }

    // R: B7
    @Test("An offer that leads nowhere costs the session nothing")
    func uselessOffer() async throws {
        let server = try await Self.echo(offer: .port(try FreePort.next()))
        let record = Record()
        let session = try await server.connect("echo", record.configuration())
        for round in 0..<30 {
            try await Self.count(round * 10...round * 10 + 9, over: session)
            try await Pace.idle(.milliseconds(50))
        }
        #expect(await session.close().kind == .closed)
        #expect(record.all == [.duplex])
        try await server.stop()
    }

    // R: B7, D11
    @Test("When TCP is cut for good, the same session goes on over HTTP, nothing lost or doubled")
    func cut() async throws {
        let server = try await Self.echo()
        let cutter = try await TCPCutter(target: server.tcpPort)
        let record = Record()
        let session = try await server.connect("echo", record.configuration(tcp: cutter.port))
        let total = 3_000
        async let sending: Void = { for number in 1...total { try await session.send("\(number)") } }()
        var messages = session.messages.makeAsyncIterator()
        for number in 1...total {
            #expect(try await messages.next()?.text == "\(number)")
            if number == total / 2 {
                try await cutter.refuse(true)
                try await cutter.cut()
            }
        }
        try await sending
        #expect(await session.close().kind == .closed)
        #expect(record.all.first == .tcp)
        #expect(record.all.last == .duplex)
        try await server.stop()
    }

    /// Lets in only those whose request says so, which a bare line cannot.
    private struct Door: Servlet {
        func accept(_ request: SessionRequest) -> Acceptance {
            HTTPField.Name("X-Door").flatMap { request.head.headerFields[$0] } == "open"
                ? .accepted : .refused(.unauthorized, reason: "the door is closed")
        }
        func service(_ session: Session) async throws {
            for try await message in session.messages { try await session.send(message) }
        }
    }

    // R: B7
    @Test("What the server refuses over TCP is asked for over HTTP; where TCP is all there is, its reason is told")
    func denied() async throws {
        let server = try await TestServer(["door": .task(Door())])
        let record = Record()
        var configuration = record.configuration(tcp: server.tcpPort)
        configuration.headerFields = [("X-Door", "open")]
        let session = try await server.connect("door", configuration)
        try await Self.count(1...10, over: session)
        #expect(await session.close().kind == .closed)
        #expect(record.all == [.duplex])
        configuration.transports = [.tcp]
        let error = await #expect(throws: ConnectError.self) { try await server.connect("door", configuration) }
        #expect(error?.kind == .refusedByServer(.unauthorized))
        #expect(error?.description.contains("the door is closed") == true, "\(error?.description ?? "")")
        try await server.stop()
    }

    @Test(
        "Where it is served is read as it is written",
        arguments: [
            ("9001", DirectTCP(port: 9001)), ("example.org:9001", DirectTCP(host: "example.org", port: 9001)),
            ("[::1]:9001", DirectTCP(host: "::1", port: 9001)), ("0", nil), ("65536", nil), (":9001", nil),
            ("a:b", nil), ("::1", nil), ("http://a:1", nil), ("", nil),
        ])
    func written(_ text: String, _ meant: DirectTCP?) { #expect(DirectTCP(text) == meant) }

    @Test("tcp alone without a port is refused with a sentence")
    func alone() async throws {
        var configuration = ClientConfiguration()
        configuration.transports = [.tcp]
        let error = await #expect(throws: ConfigurationError.self) {
            try await Longwire.connect("http://127.0.0.1:1/", configuration: configuration)
        }
        #expect(error?.description.contains("tcp alone needs its port") == true)
    }
}
