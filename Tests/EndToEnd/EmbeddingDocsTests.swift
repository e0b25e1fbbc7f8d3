import FastCGI
import Foundation
import LongwireClient
import LongwireServer
import NIOPosix
import TestSupport
import Testing

/// What Docs shows is what is compiled and run.
@Suite struct EmbeddingDocsTests {
    /// The first block of Swift in a file of Docs, without its fences.
    private static func firstBlock(_ name: String) throws -> String {
        let text = try String(contentsOfFile: Repository.path("Docs/\(name)"), encoding: .utf8)
        let afterFence = try #require(text.range(of: "```swift\n")).upperBound
        let end = try #require(text.range(of: "```", range: afterFence..<text.endIndex)).lowerBound
        return String(text[afterFence..<end])
    }

    // R: A15
    @Test func theTenLineServletOfTheDocsIsTheOneCompiledHere() throws {
        let source = try String(
            contentsOfFile: Repository.path("Tests/EndToEnd/EmbeddingDocsServlet.swift"), encoding: .utf8)
        let parts = source.components(separatedBy: "// ----\n")
        #expect(parts.count == 3)
        let block = try Self.firstBlock("servlet.md")
        #expect(parts[1] == block)
        #expect(block.split(separator: "\n").count <= 10)
    }

    // R: A15, D1, D2, D3
    @Test func theTenLineServletRunsBehindNginx() async throws {
        // As the second block of Docs/servlet.md has it, but for the port.
        let port = try FreePort.next()
        let mount = try Mount(servlets: ["greeter": .task(Greeter())])
        let listener = try await mount.fastCGIServer().bind(
            to: .tcp(host: "127.0.0.1", port: port), on: MultiThreadedEventLoopGroup.singleton)
        let nginx = try await NginxFixture(to: .tcp(port: port))

        let session = try await Longwire.connect(nginx.url("/longwire/greeter"))
        var messages = session.messages.makeAsyncIterator()
        #expect(try await messages.next()?.text == "Say your name.")
        for name in ["Ada", "Grace"] {
            try await session.send(name)
            #expect(try await messages.next()?.text == "Hello, \(name)!")
        }
        let ending = await session.close()
        #expect(ending.kind == .closed && ending.code == .done, "\(ending)")
        try await eventually("the session is forgotten") { mount.sessionCount == 0 }
        await listener.close()
    }

    // R: D9
    @Test func oneProcessIsServerAndClientOfSeveralServersAtOnce() async throws {
        var servers: [BadInputServer] = []
        for _ in 0..<3 { servers.append(try await BadInputServer(["greeter": .task(Greeter())], threads: 2)) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<30 {
                let url = servers[index % 3].url("greeter", port: servers[index % 3].nginx.port)
                group.addTask {
                    let session = try await Longwire.connect(url)
                    var messages = session.messages.makeAsyncIterator()
                    #expect(try await messages.next()?.text == "Say your name.")
                    for number in 0..<100 {
                        try await session.send("\(index).\(number)")
                        #expect(try await messages.next()?.text == "Hello, \(index).\(number)!")
                    }
                    #expect(await session.close().kind == .closed)
                }
            }
            try await group.waitForAll()
        }
        for server in servers {
            try await eventually("all sessions are forgotten") { server.mount.sessionCount == 0 }
            try await server.stop()
        }
    }
}
