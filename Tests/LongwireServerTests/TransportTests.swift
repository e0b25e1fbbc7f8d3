import LongwireClient
import LongwireServer
import NIOCore
import TestSupport
import Testing

/// What a session promises, over every transport alike.
@Suite(.timeLimit(.minutes(3))) struct TransportTests {
    static let transports: [TransportKind] = [.tcp, .duplex, .websocket, .stream, .poll]

    private func only(_ transport: TransportKind, tcp port: Int) -> ClientConfiguration {
        var configuration = ClientConfiguration()
        configuration.transports = [transport]
        if transport == .tcp { configuration.directTCP = DirectTCP(port: port) }
        return configuration
    }

    @Test(arguments: transports)
    func everyMessageComesBackInOrder(_ transport: TransportKind) async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let session = try await server.connect("echo", only(transport, tcp: server.tcpPort))
        #expect(await session.status.transport == transport)
        let count = 2_000
        async let sending: Void = {
            for number in 1...count {
                if number % 3 == 0 {
                    try await session.send(ByteBuffer(bytes: [UInt8](repeating: UInt8(number & 255), count: number)))
                } else {
                    try await session.send("message \(number)")
                }
            }
        }()
        var messages = session.messages.makeAsyncIterator()
        for number in 1...count {
            let message = try #require(try await messages.next())
            if number % 3 == 0 {
                #expect(message.kind == .bytes)
                #expect(message.payload.readableBytes == number)
            } else {
                #expect(message.text == "message \(number)")
            }
        }
        try await sending
        let ending = await session.close()
        #expect(ending.kind == .closed)
        #expect(ending.code == .done)
        try await eventually("the server has heard the last word") { server.mount.sessionCount == 0 }
        try await server.stop()
    }

    /// The servlet speaks when it likes, and closes with a code of its own.
    private struct Talker: Servlet {
        func service(_ session: Session) async throws {
            for number in 1...500 { try await session.send("\(number)") }
            throw ServletFailure(CloseCode(rawValue: 1234), reason: "said everything")
        }
    }

    @Test(arguments: transports)
    func theServerSpeaksUnaskedAndClosesWithItsCode(_ transport: TransportKind) async throws {
        let server = try await TestServer(["talk": .task(Talker())])
        let session = try await server.connect("talk", only(transport, tcp: server.tcpPort))
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
        try await server.stop()
    }

    @Test(arguments: transports)
    func largeMessagesBothWays(_ transport: TransportKind) async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())], threads: 2)
        let session = try await server.connect("echo", only(transport, tcp: server.tcpPort))
        let bytes = ByteBuffer(bytes: (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 7) })
        async let sending: Void = { for _ in 1...10 { try await session.send(bytes) } }()
        var messages = session.messages.makeAsyncIterator()
        for _ in 1...10 { #expect(try await messages.next()?.payload == bytes) }
        try await sending
        await session.close()
        try await server.stop()
    }

    /// Says nothing until the client has no more to say.
    private struct Listener: Servlet {
        func service(_ session: Session) async throws {
            var all = ByteBuffer()
            for try await piece in session.byteStream.bytes { all.writeImmutableBuffer(piece) }
            try await session.byteStream.write(all)
        }
    }

    // R: B7
    @Test(arguments: transports)
    func streamsOfBytesEndOneByOne(_ transport: TransportKind) async throws {
        let server = try await TestServer(["listen": .task(Listener())])
        let session = try await server.connect("listen", only(transport, tcp: server.tcpPort))
        let stream = session.byteStream
        let bytes = ByteBuffer(bytes: (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 37 ^ $0 >> 5) })
        async let written: Void = {
            try await stream.write(bytes)
            stream.finishWriting()
        }()
        var back = ByteBuffer()
        for try await piece in stream.bytes { back.writeImmutableBuffer(piece) }
        try await written
        #expect(back == bytes)
        #expect(await session.ending.kind == .closed)
        try await server.stop()
    }

    @Test(arguments: transports)
    func aSessionOutlivesItsLines(_ transport: TransportKind) async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let cutter = try await TCPCutter(target: transport == .tcp ? server.tcpPort : server.port)
        let session = try await Longwire.connect(
            "http://127.0.0.1:\(cutter.port)/longwire/echo", configuration: only(transport, tcp: cutter.port))
        let count = 3_000
        async let sending: Void = { for number in 1...count { try await session.send("\(number)") } }()
        var messages = session.messages.makeAsyncIterator()
        for number in 1...count {
            #expect(try await messages.next()?.text == "\(number)")
            if number % 300 == 0 { try await cutter.cut() }
        }
        try await sending
        await session.close()
        try await server.stop()
    }
}
