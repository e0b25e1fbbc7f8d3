import FastCGI
import Foundation
import LongwireClient
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import LongwireProtocol
@testable import LongwireServer

/// Transactions that one process passes on to another, which does not do what it should.
@Suite(.timeLimit(.minutes(2))) struct ForwardTests {
    private static let session = "00112233445566778899aabbccddeeff"
    private static var identifier: SessionIdentifier? { SessionIdentifier(hex: session) }

    /// A process that has stopped: connections to it come about, and nobody reads from them.
    private final class Stopped: Sendable {
        let folder: TemporaryFolder
        private let channel: any Channel
        var path: String { folder.path("s") }

        init() async throws {
            folder = try TemporaryFolder()
            channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelOption(.autoRead, value: false)
                .bind(unixDomainSocketPath: folder.path("s")).get()
        }

        func end() async throws { try await channel.close() }
    }

    private func server(_ path: String) async throws -> TestServer {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        server.mount.route([try #require(Self.identifier)], to: path)
        return server
    }

    @Test func whatSomebodySendsToAProcessThatHasStoppedReadingIsNotKeptWithoutEnd() async throws {
        let stopped = try await Stopped()
        let server = try await server(stopped.path)
        let connection = try await RawConnection(port: server.port)
        try await connection.request(
            "POST /longwire/echo?session=\(Self.session)",
            ["Content-Type: application/vnd.longwire", "Content-Length: 1000000000"])
        let piece = String(repeating: "x", count: 64 * 1024)
        var pieces = 0
        // What the sockets hold, and four megabytes.
        try await eventually("the transaction is given up") {
            guard pieces < 256 else { return connection.isOver }
            pieces += 1
            do { try await connection.send(piece) } catch { return true }
            return connection.isOver
        }
        let other = try await server.connect("echo")
        try await other.send("undisturbed")
        #expect(try await other.nextText() == "undisturbed")
        await other.close()
        try await server.stop()
        try await stopped.end()
    }

    @Test func manySmallPiecesAreBoundedToo() async throws {
        let stopped = try await Stopped()
        let server = try await server(stopped.path)
        let connection = try await RawConnection(port: server.port)
        try await connection.request(
            "POST /longwire/echo?session=\(Self.session)",
            ["Content-Type: application/vnd.longwire", "Transfer-Encoding: chunked"])
        // A thousand pieces of one byte a write.
        let pieces = String(repeating: "1\r\nx\r\n", count: 1_000)
        var rounds = 0
        try await eventually("the transaction is given up") {
            guard rounds < 200 else { return connection.isOver }
            rounds += 1
            do { try await connection.send(pieces) } catch { return true }
            return connection.isOver
        }
        try await server.stop()
        try await stopped.end()
    }

    @Test func whatComesToAProcessWhoseHeirHasAnHeirGoesToTheLast() async throws {
        var servers: [TestServer] = []
        var sockets: [ForwardSocket] = []
        for _ in 0..<3 {
            let server = try await TestServer(["echo": .inline(EchoServlet())])
            servers.append(server)
            sockets.append(try await ForwardSocket.open(mount: server.mount, on: server.group))
        }
        var stays: [Session] = []
        for index in 0..<2 {
            // One that is at work meanwhile stays where it is.
            let session = try await servers[index].connect("echo")
            stays.append(session)
            let own = servers[index].mount.succeed(by: sockets[index + 1].path)
            servers[index + 1].mount.route(own, to: sockets[index].path)
        }
        for transport in [TransportKind.duplex, .stream, .poll] {
            var configuration = ClientConfiguration()
            configuration.transports = [transport]
            let session = try await servers[0].connect("echo", configuration)
            try await session.send("hello")
            #expect(try await session.nextText() == "hello")
            #expect(servers.map(\.mount.sessionCount) == [1, 1, 1], "\(transport)")
            await session.close()
            try await eventually("it has ended") { servers[2].mount.sessionCount == 0 }
        }
        for session in stays {
            try await session.send("still here")
            #expect(try await session.nextText() == "still here")
            #expect(await session.close().kind == .closed)
        }
        for (server, socket) in zip(servers, sockets) {
            await socket.close()
            try await server.stop()
        }
    }

    @Test func aProcessThatIsOnlyBusyKeepsItsSessionsAndOneThatIsGoneDoesNot() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("s")
        // Nobody accepts: its queue is full after the first.
        let socket = try #require(try BindAddress.unix(path: path).open(backlog: 0).first)
        let server = try await server(path)
        var waiting: [RawConnection] = []
        for _ in 0..<3 {
            let connection = try await RawConnection(port: server.port)
            try await connection.request(
                "GET /longwire/echo", ["Accept: text/event-stream", "Last-Event-ID: \(Self.session).key.0"])
            waiting.append(connection)
        }
        try await eventually("some are told to come again") {
            waiting.contains { $0.text.hasPrefix("HTTP/1.1 503") }
        }
        #expect(server.mount.routed[path]?.count == 1)
        socket.discard()
        let last = try await RawConnection.answer(
            port: server.port, "GET /longwire/echo",
            ["Accept: text/event-stream", "Last-Event-ID: \(Self.session).key.0"])
        // A line that waited may have found out first.
        #expect(last.hasPrefix("HTTP/1.1 503") || last.hasPrefix("HTTP/1.1 404"))
        try await eventually("its sessions are forgotten") { server.mount.routed.isEmpty }
        for connection in waiting { try? await connection.close() }
        try await server.stop()
    }
}
