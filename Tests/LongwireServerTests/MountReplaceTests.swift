import LongwireClient
import LongwireServer
import NIOCore
import TestSupport
import Testing

/// A mount that gets other servlets while it serves.
@Suite(.timeLimit(.minutes(2))) struct MountReplaceTests {
    @Test func whatCannotChangeIsRefusedAndNothingElseChanges() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let next: [String: ServletKind] = ["clock": .task(ClockServlet())]
        let changes: [(inout MountConfiguration) -> Void] = [
            { $0.path = "/other" }, { $0.slowServlet = .seconds(9) }, { $0.rememberedEndings = 1 },
            { $0.maximumSessions = 0 }, { $0.session.receiveWindow = 1 },
        ]
        for change in changes {
            var configuration = MountConfiguration()
            change(&configuration)
            #expect(throws: ConfigurationError.self) {
                try server.mount.replace(servlets: next, configuration: configuration)
            }
            #expect(server.mount.servletNames == ["echo"])
        }
        #expect(throws: ConfigurationError.self) {
            try server.mount.replace(servlets: ["..": .inline(EchoServlet())], configuration: MountConfiguration())
        }
        #expect(server.mount.servletNames == ["echo"])
        try server.mount.replace(servlets: next, configuration: MountConfiguration())
        #expect(server.mount.servletNames == ["clock"])
        await #expect {
            _ = try await server.connect("echo")
        } throws: { ($0 as? ConnectError)?.kind == .status(404) }
        // And back again.
        try server.mount.replace(servlets: ["echo": .inline(EchoServlet())], configuration: MountConfiguration())
        let session = try await server.connect("echo")
        try await session.send("here")
        #expect(try await session.nextText() == "here")
        #expect(server.mount.sessionCounts == ["echo": 1])
        #expect(await session.close().kind == .closed)
        try await eventually("no session is counted") { server.mount.sessionCounts.isEmpty }
        try await server.stop()
    }

    @Test func whoFinishesWaitsForTheLastSessionAndCutsNone() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let session = try await server.connect("echo")
        async let finished: Void = server.mount.finish()
        try await eventually("new sessions are refused") {
            do {
                await (try server.connect("echo")).close()
                return false
            } catch let error as ConnectError {
                return error.kind == .refusedByServer(.goingAway)
            }
        }
        try await session.send("still here")
        #expect(try await session.nextText() == "still here")
        #expect(await session.close().kind == .closed)
        await finished
        #expect(server.mount.sessionCount == 0)
        try await server.stop()
    }
}
