import Foundation
import LongwireClient
import LongwireServer
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// A foreign program on SwiftNIO with a mount among its own routes.
@Suite(.timeLimit(.minutes(3))) struct EmbeddingTests {
    // R: A15
    @Test func theProgramOfTheDocsIsTheOneCompiledHere() throws {
        let source = try String(
            contentsOfFile: Repository.path("Tests/LongwireServerTests/EmbeddingProgram.swift"), encoding: .utf8)
        let docs = try String(contentsOfFile: Repository.path("Docs/embedding.md"), encoding: .utf8)
        let parts = source.components(separatedBy: "// ----\n")
        #expect(parts.count == 3)
        #expect(docs.contains("```swift\n" + parts[1] + "```\n"))
    }

    // R: A15, D10
    @Test func itServesItsOwnRoutesAndSessionsAndStartsAndStopsTwice() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let port = try FreePort.next()
        for round in 1...2 {
            let mount = try Mount(servlets: ["echo": .inline(EchoServlet())])
            let listener = try await serve(mount, port: port, on: group)
            let url = "http://127.0.0.1:\(port)"

            let session = try await Longwire.connect("\(url)/longwire/echo")
            // Its own routes, the mount's page and its own routes again, all on one connection.
            let text = try await ManagedProcess.mustRun(
                "curl",
                [
                    "-sS", "--max-time", "20", "-w", "%{num_connects}\n", "\(url)/own", "\(url)/own/two?x=../y",
                    "\(url)/longwire/", "\(url)/longwire/echo", "\(url)/own/three",
                ])
            let connects = text.split(separator: "\n").filter { $0 == "0" || $0 == "1" }
            #expect(connects == ["1", "0", "0", "0", "0"], "\(text)")
            for expected in [
                "you asked for /own\n", "you asked for /own/two?x=../y\n", "This is Longwire.", "servlet \"echo\"",
                "you asked for /own/three\n",
            ] { #expect(text.contains(expected), "\(text)") }

            for number in 0..<100 {
                try await session.send("\(round).\(number)")
                #expect(try await session.nextText() == "\(round).\(number)")
            }
            // Stopping: no more connections, then every session in good order.
            try await listener.close()
            await mount.drain(window: .zero, limit: .seconds(30))
            #expect(await session.ending.kind == .closed)
            #expect(mount.sessionCount == 0)
            #expect(!Probe.accepts(port: port))
        }
        try await group.shutdownGracefully()
    }

    // R: A15, D10
    @Test func aPipelinedRequestIsAnsweredInItsPlace() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let port = try FreePort.next()
        let mount = try Mount(servlets: ["echo": .inline(EchoServlet())])
        let listener = try await serve(mount, port: port, on: group)
        let get = ["/own/1", "/longwire/", "/own/2", "/longwire/nothing", "/own/3", "/longwire/echo"].map {
            "GET \($0) HTTP/1.1\r\nHost: 127.0.0.1\r\n\($0 == "/longwire/echo" ? "Connection: close\r\n" : "")\r\n"
        }
        let text = try await LineClient.exchange(port: port, get.joined())
        let places = try [
            "for /own/1", "This is Longwire", "for /own/2", "No such servlet", "for /own/3", "servlet \"echo\"",
        ].map {
            try #require(text.range(of: $0), "\(text)").lowerBound
        }
        #expect(places == places.sorted())
        try await listener.close()
        try await group.shutdownGracefully()
    }

    /// Sends numbers at its own pace, and checks those that come.
    private struct TwoWay: Servlet {
        let count: Int

        func service(_ session: Session) async throws {
            async let sending: Void = {
                for number in 0..<count { try await session.send("down \(number)") }
            }()
            var next = 0
            for try await message in session.messages {
                guard message.text == "up \(next)" else {
                    throw ServletFailure(CloseCode(rawValue: 1000), reason: "\(message.text) in place of \(next)")
                }
                next += 1
            }
            try await sending
            guard next == count else { throw ServletFailure(CloseCode(rawValue: 1001), reason: "only \(next)") }
        }
    }

    // R: D11, A15
    @Test func aSessionResumesOnAnotherEventLoopAndItsFlowStaysExact() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 3)
        let port = try FreePort.next()
        let servlet = TwoWay(count: 20_000)
        let mount = try Mount(servlets: ["flow": .task(servlet)])
        let listener = try await serve(mount, port: port, on: group)
        let cutter = try await TCPCutter(target: port)
        let session = try await Longwire.connect("http://127.0.0.1:\(cutter.port)/longwire/flow")

        let cuts = 10
        async let sending: Void = {
            for number in 0..<servlet.count {
                try await session.send("up \(number)")
                // In the middle of the flow, with both directions on their way, and never before the last cut is mended.
                guard number % (servlet.count / cuts) == servlet.count / cuts / 2 else { continue }
                let cut = number / (servlet.count / cuts)
                try await eventually("the line is open") { try await cutter.acceptedConnections > cut }
                try await cutter.cut(cut % 2 == 0 ? .reset : .close)
            }
        }()
        var messages = session.messages.makeAsyncIterator()
        for number in 0..<servlet.count { #expect(try await messages.next()?.text == "down \(number)") }
        try await sending
        let ending = await session.close()
        #expect(ending.kind == .closed && ending.code == .done, "\(ending)")
        // Connections go round the three loops in turn: of four in a row two at least are not on the session's own.
        let accepted = try await cutter.acceptedConnections
        #expect(accepted > cuts, "\(accepted) connections")
        try await listener.close()
        await mount.drain(window: .zero, limit: .zero)
        try await group.shutdownGracefully()
    }
}
