import Foundation
import LongwireClient
import LongwireServer
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// WebSockets through web servers, with the configuration that is shipped for them, and where there are none.
@Suite("WebSockets through web servers", .serialized, .timeLimit(.minutes(3)))
struct WebSocketWayTests {
    /// What is shipped for nginx before the built-in listener.
    static func nginx(to place: String) -> NginxFixture.Options {
        var options = NginxFixture.Options(mounts: [])
        options.serverDirectives = """
            location ^~ /longwire/ {
                proxy_pass http://\(place);
                include \(Repository.path("nginx/longwire-websocket.conf"));
            }
            """
        return options
    }

    private static func configuration(_ transports: [TransportKind]? = nil) -> ClientConfiguration {
        var configuration = ClientConfiguration()
        configuration.proxy = .none
        if let transports { configuration.transports = transports }
        return configuration
    }

    private static func converse(_ session: Session) async throws {
        async let sending: Void = { for number in 1...2_000 { try await session.send("message \(number)") } }()
        var messages = session.messages.makeAsyncIterator()
        for number in 1...2_000 { #expect(try await messages.next()?.text == "message \(number)") }
        try await sending
        #expect(await session.close().kind == .closed)
    }

    private static func converse(over transport: TransportKind, throughNginxTo place: String) async throws {
        let nginx = try await NginxFixture(Self.nginx(to: place))
        let session = try await Longwire.connect(
            nginx.url("/longwire/echo"), configuration: Self.configuration([transport]))
        #expect(await session.status.transport == transport)
        try await Self.converse(session)
        try await nginx.stop()
    }

    // R: D8
    @Test(
        "nginx passes a WebSocket on, and everything else the same way",
        arguments: [
            TransportKind.websocket, .duplex, .stream, .poll,
        ])
    func nginx(_ transport: TransportKind) async throws {
        let site = try await PathSite()
        try await Self.converse(over: transport, throughNginxTo: "127.0.0.1:\(site.httpPort)")
        await site.stop()
    }

    // R: D8
    @Test(
        "nginx passes all of that on to a unix socket, too, which gets the mode it is given and goes with longwired",
        arguments: [TransportKind.websocket, .duplex, .stream, .poll])
    func unixSocket(_ transport: TransportKind) async throws {
        let folder = try TemporaryFolder()
        let socket = folder.path("http")
        let longwired = try ManagedProcess(
            BuiltProducts.longwired,
            [
                "--mount", "/longwire", "--http", "unix:\(socket)?mode=0666", "--servlet", "echo", "--control",
                folder.path("control"),
            ])
        try await longwired.waitForLine(containing: "serving")
        let attributes = try FileManager.default.attributesOfItem(atPath: socket)
        #expect(attributes[.posixPermissions] as? Int == 0o666)
        try await Self.converse(over: transport, throughNginxTo: "unix:\(socket):")
        longwired.terminate()
        #expect(try await longwired.waitUntilExit(within: .seconds(20)) == .exited(0))
        #expect(!FileManager.default.fileExists(atPath: socket))
    }

    // R: D8
    @Test("Through Apache, where duplex does not pass, a session chooses the WebSocket by itself")
    func apache() async throws {
        let site = try await PathSite()
        let apache = try await ApacheFixture(.webSocket(port: site.httpPort))
        let client = Longwire(group: MultiThreadedEventLoopGroup.singleton)
        let session = try await client.connect(
            "http://127.0.0.1:\(apache.port)/longwire/echo", configuration: Self.configuration())
        #expect(await session.status.transport == .websocket)
        try await Self.converse(session)
        withExtendedLifetime(apache) {}
        await site.stop()
    }

    @Test("Where no WebSocket can be had that is told at once, and remembered; the session goes another way")
    func refused() async throws {
        let site = try await PathSite()
        let nginx = try await NginxFixture(to: .tcp(port: site.fastCGIPort))
        let url = nginx.url("/longwire/echo")
        let alone = await #expect(throws: ConnectError.self) {
            try await Longwire.connect(url, configuration: Self.configuration([.websocket]))
        }
        #expect(alone?.kind == .notLongwire)
        #expect(alone?.description.contains("makes no WebSocket, it answered with status 200") == true)
        let client = Longwire(group: MultiThreadedEventLoopGroup.singleton)
        var configuration = Self.configuration([.websocket, .stream])
        // What is better than stream is tried again soon, unless it is known not to be there.
        configuration.promotionInterval = .milliseconds(20)
        for _ in 1...3 {
            let session = try await client.connect(url, configuration: configuration)
            #expect(await session.status.transport == .stream)
            try await Pace.idle(.milliseconds(300))
            try await Self.converse(session)
        }
        try await nginx.stop()
        // Those of `stream` last as long as their session; those that asked for an upgrade were answered with a page.
        let asked = nginx.accessLog().filter { $0.method == "GET" }.count
        #expect(asked == 1 + 1 + 3, "alone, once by the client that remembers, and three streams")
        await site.stop()
    }
}
