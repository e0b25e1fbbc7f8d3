import Foundation
import LongwireClient
import LongwireServer
import NIOCore
import TestSupport
import Testing

/// A servlet that takes nothing, so that its client soon stands at a full window.
private struct Deaf: Servlet {
    func service(_ session: Session) async throws { _ = await session.ending }
}

@Suite("An abort arrives though nothing else can", .serialized, .timeLimit(.minutes(5)))
struct PathAbortTests {
    // R: D4
    @Test("A client that stands at a full window ends the session at once", arguments: PathChoice.all)
    func abortAtAFullWindow(_ choice: PathChoice) async throws {
        let site = try await PathSite(["deaf": .task(Deaf())])
        let front = try await choice.start(before: site)
        var configuration = ClientConfiguration()
        configuration.transports = [choice.transport]
        if choice.transport == .tcp { configuration.directTCP = DirectTCP(port: front.port) }
        let session = try await Longwire.connect(
            "http://127.0.0.1:\(front.port)/longwire/deaf", configuration: configuration)
        let payload = ByteBuffer(repeating: 1, count: 1000)
        let sender = Task { while true { try await session.send(payload) } }
        // The window of the servlet and the buffer here are full when nothing more is taken.
        try await eventually("the window is full") { await session.status.unacknowledged >= 256 * 1024 }
        session.abort(.done, reason: "enough")
        _ = await session.ending
        await #expect(throws: (any Error).self) { try await sender.value }
        try await eventually("the server has heard of it") { site.mount.sessionCount == 0 }
        await site.stop()
        withExtendedLifetime(front) {}
    }

    // R: D4
    @Test(
        "A terminal client that is stopped at a full window says so before it goes", arguments: ["nginx", "built-in"])
    func interrupted(front: String) async throws {
        let site = try await PathSite(["deaf": .task(Deaf())])
        let nginx = try await NginxFixture(to: .tcp(port: site.fastCGIPort))
        let folder = try TemporaryFolder()
        let input = folder.path("input")
        try Data(repeating: UInt8(ascii: "x"), count: 1 << 20).write(to: URL(fileURLWithPath: input))
        let port = front == "nginx" ? nginx.port : site.httpPort
        for turn in 1...5 {
            let client = try ManagedProcess(
                "sh",
                [
                    "-c", "exec \"$0\" connect --binary \"$1\" < \"$2\"", try BuiltProducts.longwire,
                    "http://127.0.0.1:\(port)/longwire/deaf", input,
                ])
            defer { client.stop() }
            try await eventually("the session is there") { site.mount.sessionCount == 1 }
            // It has read as much of its input as the servlet's window takes.
            try await eventually("its window is full") {
                let facts = try? String(contentsOfFile: "/proc/\(client.pid)/fdinfo/0", encoding: .utf8)
                let position = facts?.split(separator: "\n").first?.split(separator: "\t").last
                return position.flatMap { Int($0) } ?? 0 >= 256 * 1024
            }
            // Signals of one number that come too close to each other are one.
            try await eventually("it has ended") {
                client.send(signal: SIGINT)
                return !client.isRunning
            }
            try await eventually("the server has heard of it, turn \(turn)") { site.mount.sessionCount == 0 }
        }
        await site.stop()
    }
}
