import Foundation
import LongwireClient
import LongwireServer
import NIOCore
import NIOPosix
import NIOConcurrencyHelpers
import TestSupport
import Testing

/// What Docs/client.md shows is what is compiled in DocsClientSnippets.swift, and run here.
@Suite struct DocsClientTests {
    // R: A15
    @Test func everyBlockOfThePageIsCompiled() throws {
        let page = try String(contentsOfFile: Repository.path("Docs/client.md"), encoding: .utf8)
        var blocks = page.components(separatedBy: "```swift\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        blocks.removeAll { $0.hasPrefix("// Package.swift") }
        let source = try String(
            contentsOfFile: Repository.path("Tests/EndToEnd/DocsClientSnippets.swift"), encoding: .utf8)
        let parts = source.components(separatedBy: "// ----\n").dropFirst().dropLast()
        #expect(blocks.count > 5)
        #expect(blocks.count == parts.count)
        for (block, part) in zip(blocks, parts) { #expect(block == part) }
    }

    // R: A15, D2
    @Test func whatIsShownWorksBehindNginx() async throws {
        let server = try await BadInputServer(["greeter": .task(Greeter())])
        let greeter = server.url("greeter", port: server.nginx.port)
        let echo = server.url("echo", port: server.nginx.port)

        #expect(try await greet(greeter) == "Say your name. Hello, Ada!")
        #expect(try await firstLine(of: greeter) == "Say your name.")

        let chunks = (0..<40).map { ByteBuffer(repeating: UInt8($0), count: 20_000) }
        let stream = try await Longwire.connect(echo)
        #expect(try await copy(chunks, over: stream) == 800_000)
        #expect(await explain(stream) == "done, with code 0")

        let (first, second) = try await connectBoth((echo, greeter), on: server.group)
        await first.close()
        await second.close()
        try await printAll(second)
        try await server.stop()
    }

    // R: D5
    @Test func whatGoesWrongIsToldAsShown() async throws {
        let port = try FreePort.next()
        #expect(try await connectOrExplain("http://127.0.0.1:\(port)/longwire/echo") == nil)

        let server = try await BadInputServer([:])
        await #expect(throws: ConnectError.self) {
            try await connectOrExplain(server.url("nobody", port: server.nginx.port))
        }
        let told = Told()
        let session = try await connectAndTell(server.url("echo", port: server.nginx.port), told.add)
        try await eventually("the connection is told") { told.lines == ["connected over duplex"] }
        session.abort(CloseCode(rawValue: 1001), reason: "enough")
        #expect(await explain(session) == "aborted (code 1001: enough); not acknowledged: 0")
        try await server.stop()
    }
}

/// Lines told from an event loop.
private final class Told: Sendable {
    private let box = NIOLockedValueBox<[String]>([])
    var lines: [String] { box.withLockedValue { $0 } }
    @Sendable func add(_ line: String) { box.withLockedValue { $0.append(line) } }
}
