import HTTPTypes
import LongwireClient
import LongwireServer
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import NIOPosix
import TestSupport
import Testing

/// Several mounts in one pipeline, and several hosts at one mount, as Docs/embedding.md has them.
@Suite(.timeLimit(.minutes(1))) struct SeveralMountsTests {
    /// Takes sessions for one host name only.
    private struct OneHost: Servlet {
        let host: String

        func accept(_ request: SessionRequest) -> Acceptance {
            request.head.authority?.hasPrefix(host) == true
                ? .accepted : .refused(.noSuchServlet, reason: "not at \(request.head.authority ?? "no host")")
        }

        func service(_ session: Session) async throws { try await session.send("this is \(host)") }
    }

    private static func mount(_ path: String, _ servlets: [String: ServletKind]) throws -> Mount {
        var configuration = MountConfiguration()
        configuration.path = path
        return try Mount(servlets: servlets, configuration: configuration)
    }

    // R: A15
    @Test func mountsInOnePipelineTakeWhatIsTheirsAndPassOnTheRest() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let port = try FreePort.next()
        let talk = try Self.mount("/talk", ["echo": .inline(EchoServlet())])
        let feed = try Self.mount("/feed", ["local": .task(OneHost(host: "localhost"))])
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
                    try pipeline.addHandler(LongwireHTTPHandler(mount: talk))
                    try pipeline.addHandler(LongwireHTTPHandler(mount: feed))
                    try pipeline.addHandler(OwnRoutes())
                }
            }
            .bind(host: "localhost", port: port).get()

        let echo = try await Longwire.connect("http://localhost:\(port)/talk/echo")
        try await echo.send("hello")
        #expect(try await echo.nextText() == "hello")
        #expect(await echo.close().kind == .closed)

        let local = try await Longwire.connect("http://localhost:\(port)/feed/local")
        #expect(try await local.nextText() == "this is localhost")
        #expect(await local.close().kind == .closed)

        // The same servlet under another name of the same machine.
        let address = listener.localAddress?.ipAddress ?? "127.0.0.1"
        let other = address.contains(":") ? "[\(address)]" : address
        do {
            _ = try await Longwire.connect("http://\(other):\(port)/feed/local")
            Issue.record("a host that the servlet does not serve was accepted")
        } catch let error as ConnectError {
            #expect(error.kind == .refusedByServer(.noSuchServlet))
        }
        let own = try await ManagedProcess.mustRun("curl", ["-sS", "http://localhost:\(port)/own"])
        #expect(own == "you asked for /own\n")

        try await listener.close()
        try await group.shutdownGracefully()
    }
}
