import Foundation
import LongwireClient
import LongwireServer
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

/// The built-in HTTP/1.1 listener as an HTTP server.
@Suite(.timeLimit(.minutes(1))) struct HTTPListenerTests {
    // R: D10
    @Test func aConnectionServesManyRequestsAndPipelinedOnesInOrder() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let paths = ["/longwire/", "/longwire/echo", "/else", "/longwire/nothing", "/longwire"]
        let requests = paths.map { "GET \($0) HTTP/1.1\r\nHost: example.org\r\n\r\n" }
        let last = "HEAD /longwire/ HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n"
        let text = try await LineClient.exchange(port: server.port, requests.joined() + last)
        let statuses = text.components(separatedBy: "HTTP/1.1 ").dropFirst().map { String($0.prefix(3)) }
        #expect(statuses == ["200", "200", "404", "404", "200", "200"], "\(text)")
        #expect(text.contains("longwire connect http://example.org/longwire/echo"))
        #expect(text.hasSuffix("\r\n\r\n"), "HEAD has no body: \(text)")
        try await server.stop()
    }

    // R: D10
    @Test func aRequestThatWasRefusedWholeLeavesTheConnectionForTheNext() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let session = try await server.connect("echo")
        let requests =
            "POST /longwire/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/vnd.longwire\r\n"
            + "Content-Length: 3\r\n\r\nabcGET /longwire/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        let text = try await LineClient.exchange(port: server.port, requests)
        let statuses = text.components(separatedBy: "HTTP/1.1 ").dropFirst().map { String($0.prefix(3)) }
        #expect(statuses == ["400", "200"], "\(text)")
        // One that was refused before its end does not: what follows could be the rest of its body.
        let unfinished =
            "POST /longwire/echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 99\r\n\r\n"
            + "GET /longwire/ HTTP/1.1\r\nHost: x\r\n\r\n"
        let refused = try await LineClient.exchange(port: server.port, unfinished)
        #expect(refused.hasPrefix("HTTP/1.1 415") && refused.lowercased().contains("connection: close"), "\(refused)")
        #expect(!refused.contains("HTTP/1.1 200"))
        try await session.send("undisturbed")
        #expect(try await session.nextText() == "undisturbed")
        await session.close()
        try await server.stop()
    }

    // R: D10
    @Test func anIdleConnectionIsClosedAfterTheTimeToOpen() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())]) {
            $0.session.timeToOpen = .seconds(1)
        }
        #expect(try await LineClient.exchange(port: server.port, "") == "")
        let text = try await LineClient.exchange(
            port: server.port, "GET /longwire/ HTTP/1.1\r\nHost: x\r\n\r\nGET /longwire/ HT")
        #expect(text.hasPrefix("HTTP/1.1 200"))
        try await server.stop()
    }

    // R: D10
    @Test func aResponseMayStreamForLongerThanTheTimeToOpen() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())]) {
            $0.session.timeToOpen = .milliseconds(200)
        }
        let breaks = NIOLockedValueBox(0)
        var configuration = ClientConfiguration()
        configuration.transports = [.stream]
        configuration.onChange = { if case .reconnecting = $0 { breaks.withLockedValue { $0 += 1 } } }
        let session = try await server.connect("echo", configuration)
        for _ in 1...20 {
            try await Pace.idle(.milliseconds(30))
            try await session.send("still here")
            #expect(try await session.nextText() == "still here")
        }
        #expect(breaks.withLockedValue { $0 } == 0)
        await session.close()
        try await server.stop()
    }

    // R: D10, D1
    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n",
        "GET /longwire/ HTTP/9.9\r\n\r\n", "POST /longwire/echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET /longwire/ HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "x", count: 200_000))\r\n\r\n",
    ]) func whatTheParserRefusesIsEnded(request: String) async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())]) {
            $0.session.timeToOpen = .milliseconds(500)
        }
        let session = try await server.connect("echo")
        let text = try await LineClient.exchange(port: server.port, request)
        #expect(text.isEmpty || text.hasPrefix("HTTP/1.1 4") || text.hasPrefix("HTTP/1.0 4"), "\(text.prefix(200))")
        try await session.send("undisturbed")
        #expect(try await session.nextText() == "undisturbed")
        await session.close()
        try await server.stop()
    }
}
