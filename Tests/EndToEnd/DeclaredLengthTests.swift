import FastCGI
import LongwireClient
import LongwireServer
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// lighttpd answers 411 to a body without a length; with one it passes both ways at once.
@Suite(.timeLimit(.minutes(3))) struct DeclaredLengthTests {
    @Test("Where a length is wanted, duplex declares one, goes on in time with another, and remembers")
    func lighttpd() async throws {
        let mount = try Mount(servlets: ["echo": .inline(EchoServlet())])
        let sockets = try TemporaryFolder()
        let listener = try await mount.fastCGIServer().bind(
            to: .unix(path: sockets.path("app.sock")), on: MultiThreadedEventLoopGroup.singleton)
        let lighttpd = try await LighttpdFixture(modules: ["mod_fastcgi", "mod_accesslog"]) { folder in
            """
            server.stream-request-body = 2
            server.stream-response-body = 2
            server.max-read-idle = 3600
            accesslog.filename = "\(folder)/access.log"
            accesslog.format = "%m %s"
            fastcgi.server = ( "/longwire" =>
                (( "socket" => "\(sockets.path("app.sock"))", "check-local" => "disable" )) )
            """
        }
        let client = Longwire(group: MultiThreadedEventLoopGroup.singleton)
        let lines = FlowBox(0)
        var configuration = ClientConfiguration()
        configuration.proxy = .none
        configuration.transports = [.duplex]
        // The declared length is at most this, so that it is used up several times.
        configuration.session.greatestSize = 2 * 1024 * 1024
        configuration.onChange = { change in
            if case .connected(.duplex) = change { lines.change { $0 += 1 } }
        }
        let session = try await client.connect(lighttpd.url("/longwire/echo"), configuration: configuration)
        #expect(await session.status.transport == .duplex)
        let bytes = ByteBuffer(bytes: (0..<500_000).map { UInt8(truncatingIfNeeded: $0 &* 29 ^ $0 >> 9) })
        async let sending: Void = { for _ in 1...20 { try await session.send(bytes) } }()
        var messages = session.messages.makeAsyncIterator()
        for _ in 1...20 { #expect(try await messages.next()?.payload == bytes) }
        try await sending
        #expect(await session.close().kind == .closed)
        // 10 MB, of which each transaction carries less than 2 MiB.
        #expect(lines.value >= 5)

        let again = try await client.connect(lighttpd.url("/longwire/echo"), configuration: configuration)
        #expect(await again.status.transport == .duplex)
        await again.close()
        lighttpd.process.terminate()
        try await lighttpd.process.waitUntilExit()
        let log = lighttpd.folder.read("access.log").split(separator: "\n")
        #expect(log.filter { $0 == "POST 411" }.count == 1)
        #expect(log.filter { $0 == "POST 200" }.count == lines.value)
        await listener.close()
    }
}
