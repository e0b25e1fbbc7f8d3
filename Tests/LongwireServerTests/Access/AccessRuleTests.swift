import Foundation
import LongwireClient
import LongwireServer
import LongwireSession
import NIOCore
import TestSupport
import Testing

/// Who may in, asked of every transaction.
@Suite(.timeLimit(.minutes(3))) struct AccessRuleTests {
    private static let tokens = ["token-of-ada": "ada", "token-of-bob": "bob"]

    private func server(_ rule: any AccessRule = NamedTokens(tokens)) async throws -> TestServer {
        try await TestServer(
            ["who": .task(WhoAmI()), "echo": .inline(EchoServlet())], access: ["who": rule])
    }

    private func client(_ token: String?, _ transport: TransportKind? = nil, _ server: TestServer)
        -> ClientConfiguration
    {
        var configuration = ClientConfiguration()
        if let token { configuration.bearerToken = { token } }
        if let transport { configuration.transports = [transport] }
        if transport == .tcp { configuration.directTCP = DirectTCP(port: server.tcpPort) }
        return configuration
    }

    @Test(arguments: [TransportKind.duplex, .stream, .poll, .websocket, .tcp])
    func whoBringsAKnownTokenIsLetInUnderItsName(_ transport: TransportKind) async throws {
        let server = try await server()
        let session = try await server.connect("who", client("token-of-ada", transport, server))
        #expect(try await session.nextText() == "ada")
        for number in 1...20 {
            try await session.send("\(number)")
            #expect(try await session.nextText() == "\(number)")
        }
        let listings = await server.mount.sessions()
        #expect(listings.map(\.principal) == ["ada"])
        await session.close()
        try await server.stop()
    }

    @Test(arguments: [TransportKind.duplex, .stream, .poll, .websocket, .tcp], [nil, "token-of-eve"])
    func whoBringsNoneOrAnotherIsNot(_ transport: TransportKind, _ token: String?) async throws {
        let server = try await server()
        let error = await #expect(throws: ConnectError.self) {
            _ = try await server.connect("who", client(token, transport, server))
        }
        #expect(error?.kind == (transport == .tcp ? .refusedByServer(.unauthorized) : .status(401)), "\(transport)")
        #expect(server.mount.sessionCount == 0)
        // The servlet beside it is open to everybody.
        let session = try await server.connect("echo", client(nil, transport, server))
        try await session.send("open")
        #expect(try await session.nextText() == "open")
        await session.close()
        try await server.stop()
    }

    @Test func aRuleThatTakesItsTimeHoldsNobodyElse() async throws {
        for transport in [TransportKind.duplex, .poll, .tcp, .websocket] {
            let rule = NamedTokens(Self.tokens, delayed: "ada")
            let server = try await server(rule)
            async let late = server.connect("who", client("token-of-ada", transport, server))
            try await eventually("the rule is asked") { rule.isWaiting }
            let session = try await server.connect("who", client("token-of-bob", transport, server))
            #expect(try await session.nextText() == "bob")
            await session.close()
            rule.release()
            let ada = try await late
            #expect(try await ada.nextText() == "ada")
            await ada.close()
            try await server.stop()
        }
    }

    // R: C1
    @Test func anotherPrincipalWithTheRightTokenOfTheSessionLearnsNothing() async throws {
        let server = try await server()
        let identifier = "00112233445566778899aabbccddeeff"
        let secret = "Longwire-Token: a-secret-of-22-to-128-letters"
        let stream = try await RawConnection(port: server.port)
        try await stream.request(
            "GET /longwire/who?session=\(identifier)",
            ["Accept: text/event-stream", "Authorization: Bearer token-of-ada", secret])
        let opened = try await stream.waits(for: "data: ada")
        let resume = String(opened.components(separatedBy: "\"resume\":\"")[1].prefix { $0 != "\"" })
        let unknown = "ffeeddccbbaa99887766554433221100"
        func post(_ session: String, as holder: String?, _ fields: [String] = [secret]) async throws -> String {
            try await RawConnection.answer(
                port: server.port, "POST /longwire/who?session=\(session)",
                fields + (holder.map { ["Authorization: Bearer \($0)"] } ?? []), body: "hello")
        }
        let nothing = try await post(unknown, as: "token-of-bob")
        #expect(nothing.hasPrefix("HTTP/1.1 404"))
        #expect(try await post(identifier, as: "token-of-bob") == nothing)
        #expect(
            try await post(identifier, as: "token-of-ada", ["Longwire-Token: a-wrong-secret-of-22-letters"]) == nothing)
        // Who is not let in at all does not come so far.
        #expect(try await post(identifier, as: nil).hasPrefix("HTTP/1.1 401"))
        func events(_ id: String, as holder: String) async throws -> String {
            try await RawConnection.answer(
                port: server.port, "GET /longwire/who",
                ["Accept: text/event-stream", "Last-Event-ID: \(id)", "Authorization: Bearer \(holder)"])
        }
        let unknownEvents = try await events("\(unknown).\(resume).0", as: "token-of-bob")
        #expect(unknownEvents.hasPrefix("HTTP/1.1 404"))
        #expect(try await events("\(identifier).\(resume).0", as: "token-of-bob") == unknownEvents)
        // Its own principal goes on.
        #expect(try await post(identifier, as: "token-of-ada").hasPrefix("HTTP/1.1 204"))
        try await stream.waits(for: "data: hello")
        try await server.stop()
    }

    @Test func aFailureIsCountedForItsAddressAndHoldsNobodyWhoIsLetIn() async throws {
        let server = try await server()
        var statuses: [String] = []
        for _ in 1...14 {
            let answer = try await RawConnection.answer(
                port: server.port, "GET /longwire/who", ["Authorization: Bearer guess"])
            statuses.append(String(answer.dropFirst(9).prefix(3)))
        }
        #expect(statuses.prefix(10).allSatisfy { $0 == "401" })
        #expect(statuses.suffix(3).contains("429"))
        let session = try await server.connect("who", client("token-of-ada", .duplex, server))
        #expect(try await session.nextText() == "ada")
        await session.close()
        try await server.stop()
    }

    @Test func aNameThatCannotBeShownIsNotLetIn() async throws {
        let server = try await server(NamedTokens(["t": "ada\nbob", "u": String(repeating: "a", count: 257), "v": ""]))
        for token in ["t", "u", "v"] {
            let answer = try await RawConnection.answer(
                port: server.port, "GET /longwire/who", ["Authorization: Bearer \(token)"])
            #expect(answer.hasPrefix("HTTP/1.1 403"))
        }
        try await server.stop()
    }

    @Test func aRuleForNoServletIsRefused() {
        #expect(throws: ConfigurationError.self) {
            _ = try Mount(servlets: ["echo": .inline(EchoServlet())], access: ["ecco": WebServerAccess()])
        }
    }

    @Test func aRuleCountsForSessionsOfBeforeAlsoWhereTheirServletHasGone() async throws {
        let server = try await server()
        try server.mount.replace(servlets: ["echo": .inline(EchoServlet())], configuration: server.mount.configuration)
        let answer = try await RawConnection.answer(
            port: server.port, "POST /longwire/who?session=00112233445566778899aabbccddeeff",
            ["Longwire-Token: a-secret-of-22-to-128-letters"], body: "x")
        #expect(answer.hasPrefix("HTTP/1.1 401"))
        try await server.stop()
    }
}
