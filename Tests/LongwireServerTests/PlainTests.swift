import Foundation
import LongwireServer
import NIOCore
import TestSupport
import Testing

/// What any HTTP client can do: a GET for events, a POST a message.
@Suite(.timeLimit(.minutes(3))) struct PlainTests {
    private static let identifier = "00112233445566778899aabbccddeeff"
    private static let accept = "Accept: text/event-stream"

    /// A GET for events, with what its first event says.
    private struct Stream {
        let connection: RawConnection
        let port: Int
        let session: String
        let token: String
        let resume: String

        static func open(
            _ server: TestServer, _ target: String, _ fields: [String] = [], readsOnDemand: Bool = false
        ) async throws -> Stream {
            let connection = try await RawConnection(port: server.port)
            try await connection.request("GET /longwire/\(target)", [accept] + fields)
            let text = try await connection.waits(for: "\"resume\":\"")
            try await connection.waits(for: "\"}\n\n")
            let value = { (name: String) in
                String(connection.text.components(separatedBy: "\"\(name)\":\"")[1].prefix { $0 != "\"" })
            }
            #expect(text.hasPrefix("HTTP/1.1 200"))
            return Stream(
                connection: connection, port: server.port, session: value("session"), token: value("token"),
                resume: value("resume"))
        }

        func post(_ body: String, _ fields: [String] = [], token: String? = nil) async throws -> String {
            try await RawConnection.answer(
                port: port, "POST /longwire/echo?session=\(session)",
                ["Longwire-Token: \(token ?? self.token)"] + fields,
                body: body)
        }

        func id(_ number: Int) -> String { "\(session).\(resume).\(number)" }
    }

    // R: C1
    @Test func aClientMadeIdentifierOpensASessionWhoseAnswerHasNoLength() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let stream = try await Stream.open(
            server, "echo?session=\(Self.identifier)", ["Longwire-Token: my-own-token-of-32-characters-x"])
        let head = stream.connection.text.components(separatedBy: "\r\n\r\n")[0].lowercased()
        #expect(!head.contains("content-length"))
        #expect(head.contains("longwire-session: \(Self.identifier)"))
        #expect(head.contains("content-type: text/event-stream"))
        #expect(stream.session == Self.identifier)
        #expect(stream.token == "my-own-token-of-32-characters-x")
        for number in 1...20 { #expect(try await stream.post("message \(number)").hasPrefix("HTTP/1.1 204")) }
        let text = try await stream.connection.waits(for: "data: message 20\n\n")
        for number in 1...20 {
            #expect(text.contains("id: \(stream.id(number))\r\n") || text.contains("id: \(stream.id(number))\n"))
        }
        #expect(text.components(separatedBy: "HTTP/1.1").count == 2, "one response brings all of them")
        #expect(!stream.connection.isOver)
        try await server.stop()
    }

    // R: C2
    @Test func withoutAnIdentifierTheServerMakesOneAndSaysItFirst() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let one = try await Stream.open(server, "echo")
        let two = try await Stream.open(server, "echo")
        #expect(one.session.count == 32 && one.session != two.session)
        #expect(one.token != two.token && one.resume != two.resume)
        #expect(try await one.post("mine").hasPrefix("HTTP/1.1 204"))
        try await one.connection.waits(for: "data: mine")
        #expect(!two.connection.text.contains("mine"))
        try await server.stop()
    }

    // R: C3
    @Test func messagesOfAnyKindTravelAsPosts() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let stream = try await Stream.open(server, "echo")
        for body in ["two\nlines", "ü € 😀", "\u{0}nul", "end\r\nof line", " leading: and : colons"] {
            #expect(try await stream.post(body).hasPrefix("HTTP/1.1 204"))
        }
        #expect(try await stream.post("bytes", ["Content-Type: application/octet-stream"]).hasPrefix("HTTP/1.1 204"))
        let text = try await stream.connection.waits(for: Data("bytes".utf8).base64EncodedString())
        #expect(text.contains("data: two\ndata: lines\n\n"))
        #expect(text.contains("data: ü € 😀\n\n"))
        #expect(text.contains("data:  leading: and : colons\n\n"))
        for body in ["\u{0}nul", "end\r\nof line", "bytes"] {
            #expect(text.contains("event: binary\nid: "))
            #expect(text.contains("data: \(Data(body.utf8).base64EncodedString())\n\n"))
        }
        try await server.stop()
    }

    // R: D11
    @Test func whoComesBackGetsWhatIsMissingAndNothingTwice() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())], threads: 2)
        let stream = try await Stream.open(server, "echo")
        for number in 1...3 { _ = try await stream.post("\(number)") }
        try await stream.connection.waits(for: "data: 3\n\n")
        try await stream.connection.close()
        for number in 4...6 { #expect(try await stream.post("\(number)").hasPrefix("HTTP/1.1 204")) }
        let again = try await RawConnection(port: server.port)
        try await again.request("GET /longwire/echo", [Self.accept, "Last-Event-ID: \(stream.id(2))"])
        let text = try await again.waits(for: "data: 6\n\n")
        let numbers = text.components(separatedBy: "\n").filter { $0.hasPrefix("data: ") }
        #expect(numbers == ["data: 3", "data: 4", "data: 5", "data: 6"])
        #expect(!text.contains("event: lost"))
        // A wrong key, or a session that never was, learn nothing.
        for id in ["\(stream.session).\(String(repeating: "A", count: 22)).2", "\(Self.identifier).\(stream.resume).0"]
        {
            #expect(
                try await RawConnection.answer(
                    port: server.port, "GET /longwire/echo", [Self.accept, "Last-Event-ID: \(id)"]
                ).hasPrefix("HTTP/1.1 404"))
        }
        try await server.stop()
    }

    @Test func aGapBeyondWhatIsKeptIsSaid() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let stream = try await Stream.open(server, "echo")
        for number in 1...1_010 { #expect(try await stream.post("\(number)").hasPrefix("HTTP/1.1 204")) }
        try await stream.connection.waits(for: "data: 1010\n\n")
        try await stream.connection.close()
        let again = try await RawConnection(port: server.port)
        try await again.request("GET /longwire/echo", [Self.accept, "Last-Event-ID: \(stream.id(5))"])
        let text = try await again.waits(for: "data: 1010\n\n")
        #expect(text.contains("event: lost\nid: \(stream.id(10))\ndata: {\"after\":5,\"next\":11}\n\n"))
        #expect(text.contains("data: 11\n\n") && !text.contains("data: 10\n\n"))
        try await server.stop()
    }

    // R: B6
    @Test func eitherSideEndsAndWhoComesBackIsTold() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet()), "brief": .task(Brief())])
        let stream = try await Stream.open(server, "echo")
        let target = "/longwire/echo?session=\(stream.session)"
        let deleted = try await RawConnection.answer(
            port: server.port, "DELETE \(target)", ["Longwire-Token: \(stream.token)"])
        #expect(deleted.hasPrefix("HTTP/1.1 204"))
        try await stream.connection.waits(for: "event: close\nid: \(stream.id(0))\ndata: {\"code\":0,\"reason\":\"\"}")
        #expect(
            try await RawConnection.answer(
                port: server.port, "GET /longwire/echo", [Self.accept, "Last-Event-ID: \(stream.id(0))"]
            ).hasPrefix("HTTP/1.1 204"))
        #expect(try await stream.post("late").hasPrefix("HTTP/1.1 410"))

        let brief = try await Stream.open(server, "brief")
        let text = try await brief.connection.waits(
            for: "event: close\nid: \(brief.id(1))\ndata: {\"code\":1001,\"reason\":\"enough\"}")
        #expect(text.contains("data: hello\n\n"))
        try await eventually("no session is left") { server.mount.sessionCount == 0 }
        try await server.stop()
    }

    private struct Brief: Servlet {
        func service(_ session: Session) async throws {
            try await session.send("hello")
            throw ServletFailure(CloseCode(rawValue: 1001), reason: "enough")
        }
    }

    // R: C4
    @Test func aSilentLineCarriesHeartbeatsThatNoEventSourceSees() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())]) {
            $0.session.heartbeat = .milliseconds(20)
            $0.session.pollHold = .milliseconds(20)
        }
        let stream = try await Stream.open(server, "echo")
        try await eventually("several comments") {
            stream.connection.text.components(separatedBy: ":\n\n").count > 4
        }
        #expect(stream.connection.text.components(separatedBy: "data: ").count == 2)
        try await server.stop()
    }

    @Test func numbersMakeAPostRepeatable() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let stream = try await Stream.open(server, "echo")
        #expect(try await stream.post("one", ["Longwire-Number: 1"]).hasPrefix("HTTP/1.1 204"))
        #expect(try await stream.post("one", ["Longwire-Number: 1"]).hasPrefix("HTTP/1.1 204"))
        let skipped = try await stream.post("three", ["Longwire-Number: 3"])
        #expect(skipped.hasPrefix("HTTP/1.1 409") && skipped.contains("2 is next"))
        let mixed = try await stream.post("none")
        #expect(mixed.hasPrefix("HTTP/1.1 409") && mixed.contains("Longwire-Number: 2"))
        #expect(try await stream.post("two", ["Longwire-Number: 2"]).hasPrefix("HTTP/1.1 204"))
        let text = try await stream.connection.waits(for: "data: two\n\n")
        #expect(text.components(separatedBy: "data: one\n\n").count == 2)
        for bad in ["x", "-1", "0"] {
            #expect(!(try await stream.post("bad", ["Longwire-Number: \(bad)"]).hasPrefix("HTTP/1.1 204")))
        }
        try await server.stop()
    }

    /// Reads nothing.
    private struct Deaf: Servlet {
        func service(_ session: Session) async throws { _ = await session.ending }
    }

    @Test func aServletThatDoesNotReadHoldsThePostsAndThenRefusesThem() async throws {
        let server = try await TestServer(["echo": .task(Deaf())]) {
            $0.session.heartbeat = .milliseconds(50)
            $0.session.pollHold = .milliseconds(50)
        }
        let stream = try await Stream.open(server, "echo")
        let body = String(repeating: "x", count: 60_000)
        var accepted = 0
        while try await stream.post(body).hasPrefix("HTTP/1.1 204") {
            accepted += 1
            #expect(accepted < 100)
            if accepted >= 100 { break }
        }
        // The window and the send buffer, and not more.
        #expect(accepted > 2 && accepted < 20, "\(accepted)")
        let refused = try await stream.post(body)
        #expect(refused.hasPrefix("HTTP/1.1 429") && refused.lowercased().contains("retry-after"))
        try await server.stop()
    }

    @Test func wrongTokensServletsAndBodiesAreRefusedInWords() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet()), "other": .inline(EchoServlet())]) {
            $0.session.messageLimit = 1_000
        }
        let stream = try await Stream.open(server, "echo?session=\(Self.identifier)")
        #expect(try await stream.post("x", token: "wrong").hasPrefix("HTTP/1.1 404"))
        let other = try await RawConnection.answer(
            port: server.port, "POST /longwire/other?session=\(stream.session)", ["Longwire-Token: \(stream.token)"],
            body: "x")
        #expect(other.hasPrefix("HTTP/1.1 404"))
        #expect(try await stream.post(String(repeating: "x", count: 1_001)).hasPrefix("HTTP/1.1 413"))
        let taken = try await RawConnection.answer(
            port: server.port, "GET /longwire/echo?session=\(Self.identifier)", [Self.accept])
        #expect(taken.hasPrefix("HTTP/1.1 409"))
        let bad = try await RawConnection.answer(
            port: server.port, "GET /longwire/echo?session=zz", [Self.accept])
        #expect(bad.hasPrefix("HTTP/1.1 400"))
        for token in ["too-short", "with spaces, and 22 letters or more", String(repeating: "x", count: 129)] {
            let refused = try await RawConnection.answer(
                port: server.port, "GET /longwire/echo", [Self.accept, "Longwire-Token: \(token)"])
            #expect(refused.hasPrefix("HTTP/1.1 400") && refused.contains("22 to 128 letters"))
        }
        #expect(try await stream.post("still fine").hasPrefix("HTTP/1.1 204"))
        try await stream.connection.waits(for: "data: still fine\n\n")
        try await server.stop()
    }

    // R: D4
    @Test func aClientThatDoesNotComeBackIsGoneAfterTheResumeTime() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())]) {
            $0.session.resumeTime = .milliseconds(100)
        }
        let stream = try await Stream.open(server, "echo")
        #expect(server.mount.sessionCount == 1)
        try await stream.connection.close()
        try await eventually("no session is left") { server.mount.sessionCount == 0 }
        try await server.stop()
    }
}
