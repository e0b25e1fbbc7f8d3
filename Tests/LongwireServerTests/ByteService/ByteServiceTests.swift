import Foundation
import LongwireClient
import LongwireServer
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// Sessions joined to services that talk in streams of bytes.
@Suite("A byte service behind a session", .timeLimit(.minutes(2))) struct ByteServiceTests {
    private static func server(_ address: ByteServiceAddress) async throws -> TestServer {
        let logger = Logger(label: "test")
        return try await TestServer(
            ["service": .task(ByteServiceServlet(address, logger: logger)), "echo": .inline(EchoServlet())],
            threads: 2)
    }

    private static func bytes(_ messages: [Message]) -> ByteBuffer {
        messages.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1.payload) }
    }

    @Test("Bytes go both ways unchanged, over TCP and over a unix socket", arguments: [false, true])
    func bothWays(isUnix: Bool) async throws {
        let folder = try TemporaryFolder()
        let echo: @Sendable (any Channel, ByteServer.Input, ByteServer.Output) async throws -> Void = {
            _, input, output in
            for try await bytes in input { try await output.write(bytes) }
        }
        let service = try await ByteServer(unix: isUnix ? folder.path("s") : nil, echo)
        let server = try await Self.server(
            isUnix ? .unix(path: folder.path("s")) : .tcp(host: "127.0.0.1", port: service.port))
        let session = try await server.connect("service")
        var random = SystemRandomNumberGenerator()
        let sent = ByteBuffer(bytes: (0..<3_000_000).map { _ in UInt8.random(in: 0...255, using: &random) })
        let sending = Task {
            try await session.byteStream.write(sent)
            session.byteStream.finishWriting()
        }
        let (messages, ending) = try await session.rest()
        try await sending.value
        #expect(Self.bytes(messages) == sent)
        #expect(ending.kind == .closed && ending.code == .done)
        try await server.stop()
        await service.stop()
    }

    @Test("The client's end of stream reaches the service, whose answer still comes")
    func clientEndsFirst() async throws {
        let service = try await ByteServer { _, input, output in
            var count = 0
            for try await bytes in input { count += bytes.readableBytes }
            try await output.write(ByteBuffer(string: "\(count) bytes"))
        }
        let server = try await Self.server(.tcp(host: "localhost", port: service.port))
        let session = try await server.connect("service")
        for _ in 0..<100 { try await session.send(ByteBuffer(repeating: 7, count: 1000)) }
        session.beginClose()
        let (messages, ending) = try await session.rest()
        #expect(String(buffer: Self.bytes(messages)) == "100000 bytes")
        #expect(ending.code == .done)
        try await server.stop()
        await service.stop()
    }

    @Test("The service's end of stream is our CLOSE; what the client sends afterwards still arrives")
    func serviceEndsFirst() async throws {
        let got = NIOLockedValueBox<String?>(nil)
        let service = try await ByteServer { _, input, output in
            try await output.write(ByteBuffer(string: "bye"))
            output.finish()
            var all = ByteBuffer()
            for try await bytes in input { all.writeImmutableBuffer(bytes) }
            let text = String(buffer: all)
            got.withLockedValue { $0 = text }
        }
        let server = try await Self.server(.tcp(host: "127.0.0.1", port: service.port))
        let session = try await server.connect("service")
        var said = ""
        for try await message in session.messages { said += message.text }
        #expect(said == "bye")
        for number in 1...100 { try await session.send("\(number) ") }
        #expect(await session.close().kind == .closed)
        try await eventually("the service got everything, and its end") { got.withLockedValue { $0 } != nil }
        #expect(got.withLockedValue { $0 } == (1...100).map { "\($0) " }.joined())
        try await server.stop()
        await service.stop()
    }

    @Test("A service that is not there ends the session as gone, with the error, and without telling where it is")
    func notThere() async throws {
        let port = try FreePort.next()
        for (address, why) in [
            (.tcp(host: "127.0.0.1", port: port), "the service cannot be reached: Connection refused"),
            (.unix(path: "/nowhere/s"), "the service cannot be reached: No such file or directory"),
            (.tcp(host: "no-such-host.invalid", port: 1), "the service cannot be reached: "),
        ] as [(ByteServiceAddress, String)] {
            let server = try await Self.server(address)
            let ending = try await server.connect("service").rest().ending
            #expect(ending.code == .peerGone)
            #expect(ending.reason.hasPrefix(why), "\(ending.reason)")
            #expect(!["127.0.0.1", "nowhere", "invalid"].contains { ending.reason.contains($0) }, "\(ending.reason)")
            try await server.stop()
        }
    }

    @Test("A service that breaks the connection ends the session as gone")
    func reset() async throws {
        let service = try await ByteServer { channel, input, output in
            for try await _ in input {
                try await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
                try await channel.close().get()
            }
        }
        let server = try await Self.server(.tcp(host: "127.0.0.1", port: service.port))
        let session = try await server.connect("service")
        try await session.send("break")
        let ending = try await session.rest().ending
        #expect(ending.code == .peerGone)
        #expect(ending.reason == "the service broke the connection: Connection reset by peer")
        try await server.stop()
        await service.stop()
    }

    @Test("A session that ends badly closes its connection")
    func lost() async throws {
        let events = NIOLockedValueBox<[String]>([])
        let service = try await ByteServer { _, input, _ in
            events.withLockedValue { $0.append("open") }
            do { for try await _ in input {} } catch {}
            events.withLockedValue { $0.append("closed") }
        }
        let server = try await Self.server(.tcp(host: "127.0.0.1", port: service.port))
        let session = try await server.connect("service")
        try await eventually("connected") { events.withLockedValue { $0 } == ["open"] }
        session.abort(.internalError)
        try await eventually("closed") { events.withLockedValue { $0 } == ["open", "closed"] }
        try await server.stop()
        await service.stop()
    }

    @Test("A client that does not read stops the service's writer, and loses nothing")
    func slowClient() async throws {
        let written = NIOLockedValueBox(0)
        let service = try await ByteServer { _, _, output in
            for number in 0..<1_000_000 {
                var bytes = ByteBuffer()
                for index in 0..<1000 { bytes.writeInteger(UInt32(number * 1000 + index)) }
                try await output.write(bytes)
                written.withLockedValue { $0 += bytes.readableBytes }
            }
        }
        let server = try await Self.server(.tcp(host: "127.0.0.1", port: service.port))
        let session = try await server.connect("service")
        try await eventually("the service was stopped") {
            let before = written.withLockedValue { $0 }
            try await Pace.idle(.milliseconds(300))
            return before > 0 && written.withLockedValue { $0 } == before
        }
        let stoppedAt = written.withLockedValue { $0 }
        // What two windows, two sockets' buffers and a little hold, and no more.
        #expect(stoppedAt < 30_000_000)
        var expected: UInt32 = 0
        var rest = ByteBuffer()
        for try await message in session.messages {
            rest.writeImmutableBuffer(message.payload)
            while let number = rest.readInteger(as: UInt32.self) {
                if number != expected { Issue.record("\(number) came in the place of \(expected)") }
                expected += 1
            }
            rest.discardReadBytes()
            if Int(expected) * 4 > stoppedAt + 1_000_000 { break }
        }
        session.abort(.done)
        try await server.stop()
        await service.stop()
    }

    @Test("A service that does not read stops the client; other sessions go on")
    func slowService() async throws {
        let service = try await ByteServer { _, _, _ in try await Pace.idle(.seconds(3600)) }
        let server = try await Self.server(.tcp(host: "127.0.0.1", port: service.port))
        let session = try await server.connect("service")
        let sending = Task {
            do { while true { try await session.send(ByteBuffer(repeating: 1, count: 10_000)) } } catch {}
        }
        let other = try await server.connect("echo")
        try await eventually("the client was stopped") {
            let before = await session.status.unacknowledged
            for _ in 0..<100 {
                try await other.send("ping")
                #expect(try await other.nextText() == "ping")
            }
            return await session.status.unacknowledged == before && before >= 200_000
        }
        session.abort(.done)
        await sending.value
        await other.close()
        try await server.stop()
        await service.stop()
    }

    @Test(
        "Addresses are read, and written as they are read",
        arguments: [
            ("tcp://127.0.0.1:6379", ByteServiceAddress.tcp(host: "127.0.0.1", port: 6379)),
            ("tcp://[::1]:22", .tcp(host: "::1", port: 22)),
            ("tcp://db.example:5432", .tcp(host: "db.example", port: 5432)),
            ("unix:/run/app.sock", .unix(path: "/run/app.sock")),
        ])
    func addresses(text: String, address: ByteServiceAddress) throws {
        #expect(try ByteServiceAddress(parsing: text) == address)
        #expect(address.description == text)
    }

    @Test(
        "What is no address is refused with one that is",
        arguments: [
            "x", "tcp://", "tcp://host", "tcp://host:", "tcp://:1", "tcp://host:0", "tcp://host:65536", "tcp://host:x",
            "tcp://::1:22", "tcp://host:1/path", "tcp://user@host:1", "tcp:host:1", "unix:", "http://host:1",
            "unix:/" + String(repeating: "x", count: 107),
        ])
    func badAddresses(text: String) {
        let error = #expect(throws: ConfigurationError.self) { try ByteServiceAddress(parsing: text) }
        #expect(error?.description.contains(text) == true)
    }
}
