import Foundation
import LongwireServer
import NIOCore
import TestSupport
import Testing

/// Clients that ask and do not read, and answers that must end where HTTP says.
@Suite(.timeLimit(.minutes(2))) struct UnreadAnswerTests {
    @Test func whoAsksOnAndOnAndReadsNothingIsServedNoMore() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let connection = try await RawConnection(port: server.port, readsOnDemand: true)
        let request = "GET /longwire/ HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n"
        let many = String(repeating: request, count: 1_000)
        var rounds = 0
        try await eventually("the connection is closed") {
            // Some hundred megabytes of answers, where nobody stops it.
            guard rounds < 30 else { return connection.isOver }
            rounds += 1
            do { try await connection.send(many) } catch { return true }
            return connection.isOver
        }
        #expect(try await RawConnection.answer(port: server.port, "GET /longwire/").hasPrefix("HTTP/1.1 200"))
        try await server.stop()
    }

    @Test(arguments: ["/longwire/", "/longwire/none", "/longwire/longwire.js", "/longwire/%2f", "/elsewhere"])
    func anAnswerToHEADHasNoBodyThatWouldBeTakenForTheNext(_ path: String) async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let connection = try await RawConnection(port: server.port)
        try await connection.send(
            "HEAD \(path) HTTP/1.1\r\nHost: a\r\n\r\n"
                + "GET /longwire/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        let parts = try await connection.waitsForEnd().components(separatedBy: "\r\n\r\n")
        #expect(parts.count == 3)
        #expect(parts.count > 1 && parts[1].hasPrefix("HTTP/1.1 200"), "\(parts)")
        try await server.stop()
    }

    @Test func aHeadOfHundredsOfKilobytesIsRefused() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let fields = (0..<30).map { "X-\($0): " + String(repeating: "x", count: 10_000) }
        let answer = try? await RawConnection.answer(port: server.port, "GET /longwire/", fields)
        #expect(answer?.hasPrefix("HTTP/1.1 200") != true)
        // One that a proxy with much to say may make is taken.
        let usual = try await RawConnection.answer(port: server.port, "GET /longwire/", Array(fields.prefix(6)))
        #expect(usual.hasPrefix("HTTP/1.1 200"))
        try await server.stop()
    }
}
