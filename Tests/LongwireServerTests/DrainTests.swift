import LongwireClient
@testable import LongwireServer
import NIOCore
import NIOConcurrencyHelpers
import Synchronization
import TestSupport
import Testing

/// A process that comes to its end (Docs/protocol.md, rule 14), and its operator.
@Suite(.timeLimit(.minutes(2))) struct DrainTests {
    /// Goes on for ever, whatever its client says.
    private struct Deaf: Servlet {
        let never = AsyncStream.makeStream(of: Void.self)

        func service(_ session: Session) async throws {
            for try await _ in session.messages {}
            // The client closed; this one does not.
            for await _ in never.stream {}
        }
    }

    // R: D5
    @Test func aDrainAdvisesEveryClientAndNothingIsLost() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let advised = NIOLockedValueBox(0)
        var configuration = ClientConfiguration()
        configuration.onChange = { if $0 == .going(.goingAway) { advised.withLockedValue { $0 += 1 } } }
        var sessions: [Session] = []
        for index in 0..<10 {
            let session = try await server.connect("echo", configuration)
            try await session.send("before \(index)")
            sessions.append(session)
        }
        #expect(server.mount.sessionCount == 10)
        await server.mount.drain(window: .milliseconds(50), limit: .seconds(60))
        #expect(server.mount.sessionCount == 0)
        for (index, session) in sessions.enumerated() {
            #expect(try await session.nextText() == "before \(index)")
            #expect(try await session.nextText() == nil)
            #expect(await session.ending.kind == .closed)
        }
        #expect(advised.withLockedValue { $0 } == 10)
        await #expect {
            _ = try await server.connect("echo")
        } throws: { ($0 as? ConnectError)?.kind == .refusedByServer(.goingAway) }
        try await server.stop()
    }

    @Test func aConnectionThatIsKeptIsNotKeptByAProcessThatGoes() async throws {
        let server = try await TestServer(["deaf": .task(Deaf())])
        let session = try await server.connect("deaf")
        let connection = try await RawConnection(port: server.port)
        try await connection.request("GET /longwire/deaf", [])
        try await connection.waits(for: "HTTP/1.1 200")
        #expect(!connection.text.lowercased().contains("connection: close"))
        let draining = Task { await server.mount.drain(window: .seconds(60), limit: .seconds(60)) }
        try await eventually("it drains") { server.mount.isLeaving.load(ordering: .relaxed) }
        try await connection.request("GET /longwire/deaf", [])
        #expect(try await connection.waitsForEnd().lowercased().contains("connection: close"))
        session.abort(.done)
        await draining.value
        try await server.stop()
    }

    // R: D5
    @Test func whoHasNotEndedAtTheLimitIsCutAndTold() async throws {
        let server = try await TestServer(["deaf": .task(Deaf())])
        let session = try await server.connect("deaf")
        await server.mount.drain(window: .zero, limit: .milliseconds(200))
        #expect(server.mount.sessionCount == 0)
        let ending = await session.ending
        #expect(ending.kind == .aborted && ending.code == .goingAway, "\(ending)")
        #expect(ending.reason == "this server is going away")
        try await server.stop()
    }

    // R: D5
    @Test func anOperatorListsSessionsAndEndsOne() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let folder = try TemporaryFolder()
        let path = folder.path("control")
        let control = try await OperatorSocket.bind(path: path, mount: server.mount, on: server.group)
        let session = try await server.connect("echo")
        let other = try await server.connect("echo")

        let lines = try await OperatorSocket.ask("sessions", path: path, on: server.group)
        #expect(lines.count == 2)
        #expect(
            lines.first?.hasPrefix("{\"session\":\"\(session.identifier)\",\"servlet\":\"echo\"") == true, "\(lines)")
        #expect(
            lines.allSatisfy { $0.contains("\"transport\":\"duplex\"") && $0.contains("\"address\":\"127.0.0.1\"") })

        try await session.send("the last word")
        #expect(try await session.nextText() == "the last word")
        let answer = try await OperatorSocket.ask(
            "close \(session.identifier) 11 back at noon", path: path, on: server.group)
        #expect(answer == ["ok"])
        #expect(try await session.nextText() == nil)
        let ending = await session.close()
        #expect(ending.kind == .closed && ending.code == .operatorEnded && ending.reason == "back at noon", "\(ending)")
        try await other.send("undisturbed")
        #expect(try await other.nextText() == "undisturbed")

        let wrong = [
            ("close \(session.identifier) 11 again", "there is no session \(session.identifier)"),
            ("close xyz 11 why", "\"xyz\" is not an identifier; it has 32 hexadecimal digits"),
            ("close \(other.identifier) eleven why", "\"eleven\" is not a code; it is a number such as 11"),
            ("reboot", "say sessions, or close IDENTIFIER CODE REASON"),
            (String(repeating: "x", count: 20_000), "the line is too long"),
        ]
        for (request, sentence) in wrong {
            let error = await #expect(throws: OperatorSocketError.self) {
                _ = try await OperatorSocket.ask(request, path: path, on: server.group)
            }
            #expect(error?.description == sentence)
        }
        try await eventually("one is left") { server.mount.sessionCount == 1 }
        await other.close()
        await control.close()
        await #expect(throws: OperatorSocketError.self) {
            _ = try await OperatorSocket.ask("sessions", path: path, on: server.group)
        }
        try await server.stop()
    }

    @Test func manyOperatorsSocketsMadeAtOnceAreAllPrivate() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let folder = try TemporaryFolder()
        let controls = try await withThrowingTaskGroup(of: OperatorSocket.self) { group in
            for number in 0..<50 {
                group.addTask {
                    try await .bind(path: folder.path("\(number)"), mount: server.mount, on: server.group)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let modes = try await ManagedProcess.mustRun("find", [folder.path, "-type", "s", "-printf", "%m\n"])
        #expect(modes == String(repeating: "600\n", count: 50))
        for control in controls { await control.close() }
        try await server.stop()
    }

    @Test func theOperatorsSocketIsPrivateAndNotTakenFromTheLiving() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let folder = try TemporaryFolder()
        let path = folder.path("control")
        let control = try await OperatorSocket.bind(path: path, mount: server.mount, on: server.group)
        let mode = try await ManagedProcess.mustRun("stat", ["-c", "%a", path])
        #expect(mode == "600\n")
        await #expect(throws: OperatorSocketError.self) {
            _ = try await OperatorSocket.bind(path: path, mount: server.mount, on: server.group)
        }
        #expect(try await OperatorSocket.ask("sessions", path: path, on: server.group) == [])
        await control.close()
        // What is no socket stays, and leaves nothing beside it.
        try folder.write("precious", to: "other")
        await #expect(throws: OperatorSocketError.self) {
            _ = try await OperatorSocket.bind(path: folder.path("other"), mount: server.mount, on: server.group)
        }
        #expect(try await ManagedProcess.mustRun("ls", [folder.path]) == "other\n")
        #expect(try await ManagedProcess.mustRun("cat", [folder.path("other")]) == "precious")
        let again = try await OperatorSocket.bind(path: path, mount: server.mount, on: server.group)
        await again.close()
        try await server.stop()
    }
}
