import Foundation
import LongwireClient
import LongwireProtocol
import Logging
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

@testable import LongwireServer

/// Tokens that are taken out of their file while lines are open.
@Suite(.timeLimit(.minutes(3))) struct TakenBackTests {
    private final class Site: Sendable {
        let folder: TemporaryFolder
        let server: TestServer
        let ada = AccessToken.random()
        let bob = AccessToken.random()

        init(_ change: (inout MountConfiguration) -> Void = { _ in }) async throws {
            folder = try TemporaryFolder()
            let path = try folder.write(
                [ada.line(name: "ada"), bob.line(name: "bob")].joined(separator: "\n"), to: "tokens")
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            server = try await TestServer(
                ["who": .task(WhoAmI())], threads: 2, logger: logger,
                access: ["who": try TokenAccess(file: path, logger: logger)], change)
        }

        func write(_ lines: [String]) throws { try folder.write(lines.joined(separator: "\n") + "\n", to: "tokens") }

        func events(_ token: AccessToken) async throws -> RawConnection {
            let connection = try await RawConnection(port: server.port)
            try await connection.request(
                "GET /longwire/who", ["Accept: text/event-stream", "Authorization: Bearer \(token.text)"])
            try await connection.waits(for: "event: open")
            return connection
        }

        func open(_ transport: TransportKind, _ token: AccessToken) -> Frame {
            .open(
                OpenFrame(
                    transport: transport, path: 1, identifier: .random(), token: .random(), instance: nil, using: 1,
                    received: 0, limit: 262_144,
                    parameters: transport == .websocket
                        ? []
                        : [
                            Parameter(Parameter.target, "/longwire/who"),
                            Parameter(Parameter.authorization, "Bearer \(token.text)"),
                        ]))
        }

        func line(_ transport: TransportKind, _ token: AccessToken) async throws -> FrameLine {
            let line =
                transport == .tcp
                ? try await FrameLine.tcp(port: server.tcpPort)
                : try await FrameLine.webSocket(
                    port: server.port, "/longwire/who", [("Authorization", "Bearer \(token.text)")])
            try await line.send(open(transport, token))
            _ = try await line.first("OPENED") { if case .opened = $0 { true } else { nil } }
            return line
        }

        func client(
            _ transport: TransportKind, _ token: @escaping @Sendable () -> AccessToken,
            _ onChange: @escaping @Sendable (SessionChange) -> Void = { _ in }
        ) async throws -> Session {
            var configuration = ClientConfiguration()
            configuration.bearerToken = { token().text }
            configuration.transports = [transport]
            configuration.onChange = onChange
            return try await server.connect("who", configuration)
        }
    }

    @Test func aTokenThatIsTakenOutEndsItsLinesAndNoOthers() async throws {
        let site = try await Site()
        let (ada, bob) = (site.ada, site.bob)
        let theirs = [try await site.line(.tcp, ada), try await site.line(.websocket, ada)]
        let others = [try await site.line(.tcp, bob), try await site.line(.websocket, bob)]
        let (events, otherEvents) = (try await site.events(ada), try await site.events(bob))
        var sessions: [Session] = []
        for transport in [TransportKind.duplex, .stream] {
            let session = try await site.client(transport) { ada }
            #expect(try await session.nextText() == "ada")
            sessions.append(session)
        }
        let other = try await site.client(.duplex) { bob }
        #expect(try await other.nextText() == "bob")
        try site.write([bob.line(name: "bob")])
        for line in theirs { try await line.waitsForEnd() }
        _ = try await events.waitsForEnd()
        for session in sessions {
            try await eventually("its line is cut") { await session.status.transport == nil }
        }
        // Whose token is still there goes on, over the very same lines.
        try await other.send("undisturbed")
        #expect(try await other.nextText() == "undisturbed")
        #expect(others.allSatisfy { !$0.isOver } && !otherEvents.isOver)
        for session in sessions { session.abort(.done) }
        await other.close()
        for line in others { try await line.close() }
        try await otherEvents.close()
        try await site.server.stop()
    }

    @Test func whoHasANewTokenOfTheSameNameGoesOnWithTheSession() async throws {
        let site = try await Site()
        let next = AccessToken.random()
        let own = NIOLockedValueBox(site.ada)
        let cuts = NIOLockedValueBox(0)
        let session = try await site.client(.duplex) {
            own.withLockedValue { $0 }
        } _: { change in
            if case .reconnecting = change { cuts.withLockedValue { $0 += 1 } }
        }
        #expect(try await session.nextText() == "ada")
        own.withLockedValue { $0 = next }
        try site.write([next.line(name: "ada")])
        try await eventually("the line is cut") { cuts.withLockedValue { $0 } == 1 }
        try await session.send("still the same")
        #expect(try await session.nextText() == "still the same")
        #expect(await session.close().kind == .closed)
        try await site.server.stop()
    }

    @Test func aFileThatCannotBeReadEndsNoLine() async throws {
        let site = try await Site()
        let line = try await site.line(.tcp, site.ada)
        let gone = try await site.line(.tcp, site.bob)
        try FileManager.default.removeItem(atPath: site.folder.path("tokens"))
        try await eventually("nobody new is let in") {
            try await RawConnection.answer(
                port: site.server.port, "GET /longwire/who", ["Authorization: Bearer \(site.ada.text)"]
            ).hasPrefix("HTTP/1.1 503")
        }
        // When it is there again, who is not in it is out; until then nobody was.
        try site.write([site.ada.line(name: "ada")])
        try await gone.waitsForEnd()
        #expect(!line.isOver)
        try await line.close()
        try await site.server.stop()
    }

    /// Lets everybody in by the name that is their token, for as long as it is not crossed out; of some it never learns.
    private final class OwnRule: AccessRule {
        private let out = NIOLockedValueBox<Set<String>>([])
        private let answer = AsyncStream.makeStream(of: Void.self)

        private struct Proof: AccessProof {
            let rule: OwnRule
            let name: String

            func counts() async -> Bool {
                if name == "unknown" { for await _ in rule.answer.stream {} }
                return rule.out.withLockedValue { !$0.contains(name) }
            }
        }

        func cross(_ name: String) { out.withLockedValue { _ = $0.insert(name) } }
        func learn() { answer.continuation.finish() }

        func judge(_ request: SessionRequest) -> AccessAnswer {
            guard let name = request.bearerToken else { return .now(.missing) }
            guard !out.withLockedValue({ $0.contains(name) }) else { return .now(.refused("it is crossed out")) }
            return .now(.allowed(principal: name, proof: Proof(rule: self, name: name)))
        }
    }

    @Test func aRuleOfAProgramsOwnEndsLinesAndOneAnswerThatDoesNotComeHoldsUpNoOther() async throws {
        let rule = OwnRule()
        let server = try await TestServer(["who": .task(WhoAmI())], access: ["who": rule])
        func session(_ name: String, _ transport: TransportKind) async throws -> Session {
            var configuration = ClientConfiguration()
            configuration.bearerToken = { name }
            configuration.transports = [transport]
            let session = try await server.connect("who", configuration)
            #expect(try await session.nextText() == name)
            return session
        }
        let unknown = try await session("unknown", .duplex)
        let bob = try await session("bob", .duplex)
        var sessions: [Session] = []
        for transport in [TransportKind.duplex, .stream, .websocket] {
            sessions.append(try await session("ada", transport))
        }
        rule.cross("ada")
        for session in sessions {
            try await eventually("its line is cut") { await session.status.transport == nil }
        }
        for session in [unknown, bob] {
            try await session.send("undisturbed")
            #expect(try await session.nextText() == "undisturbed")
        }
        // What it learns at last counts.
        rule.cross("unknown")
        rule.learn()
        try await eventually("its line is cut") { await unknown.status.transport == nil }
        for session in sessions + [unknown, bob] { session.abort(.done) }
        try await server.stop()
    }
}
