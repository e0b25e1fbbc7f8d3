import Foundation
import LongwireClient
import LongwireServer
import NIOCore
import NIOConcurrencyHelpers
import TestSupport
import Testing

/// Servlets that fail, block or never read.
@Suite struct BadInputServletTests {
    private struct Failing: Servlet {
        let error: any Error

        func service(_ session: Session) async throws {
            try await session.send("I am about to fail")
            throw error
        }
    }

    private struct Unforeseen: Error {}

    // R: D5
    @Test func aServletThatThrowsEndsItsSessionWithItsCodeAndNoOther() async throws {
        let server = try await BadInputServer([
            "own": .task(Failing(error: ServletFailure(CloseCode(rawValue: 1001), reason: "the file is locked"))),
            "unforeseen": .task(Failing(error: Unforeseen())),
        ])
        let cases = [
            ("own", CloseCode(rawValue: 1001), "the file is locked"),
            ("unforeseen", .internalError, "the servlet failed"),
        ]
        for port in server.ports {
            let bystander = try await BadInputBystander(url: server.url("echo", port: port))
            for (servlet, code, reason) in cases {
                let session = try await Longwire.connect(server.url(servlet, port: port))
                var texts: [String] = []
                for try await message in session.messages { texts.append(message.text) }
                #expect(texts == ["I am about to fail"])
                let ending = await session.close()
                #expect(ending.kind == .closed && ending.code == code && ending.reason == reason, "\(ending)")
                #expect(ending.isRemote)
            }
            try await bystander.expectUndisturbed(nil, location: #_sourceLocation)
            await bystander.close()
        }
        try await server.stop()
    }

    private struct Refusing: Servlet {
        func accept(_ request: SessionRequest) -> Acceptance {
            request.query["key"] == "7" ? .accepted : .refused(.unauthorized, reason: "the key is missing")
        }

        func service(_ session: Session) async throws { try await session.send("come in") }
    }

    // R: D2, D5
    @Test func aServletThatRefusesIsHeardBeforeTheSessionOpens() async throws {
        let server = try await BadInputServer(["door": .task(Refusing())])
        for port in server.ports {
            await #expect {
                _ = try await Longwire.connect(server.url("door", port: port))
            } throws: { error in
                (error as? ConnectError)?.kind == .refusedByServer(.unauthorized)
                    && "\(error)".contains("the key is missing")
            }
            let session = try await Longwire.connect(server.url("door?key=7", port: port))
            var messages = session.messages.makeAsyncIterator()
            #expect(try await messages.next()?.text == "come in")
            await session.close()
        }
        try await eventually("no session is left") { server.mount.sessionCount == 0 }
        try await server.stop()
    }

    /// Blocks its thread until the test lets it go.
    private final class Blocking: Servlet {
        let gate = DispatchSemaphore(value: 0)
        let isBlocked = NIOLockedValueBox(false)
        var runs: ServletExecution { .anywhere }

        func service(_ session: Session) async throws {
            try await session.send("blocked")
            isBlocked.withLockedValue { $0 = true }
            block()
            try await session.send("free")
        }

        private func block() { gate.wait() }
    }

    // R: D2
    @Test func aServletThatBlocksElsewhereHoldsNobodyElseUp() async throws {
        let blocking = Blocking()
        // One event loop for everything: whoever held it would be noticed.
        let server = try await BadInputServer(["blocking": .task(blocking)])
        let bystander = try await BadInputBystander(url: server.url("echo", port: server.nginx.port))
        let session = try await Longwire.connect(server.url("blocking", port: server.nginx.port))
        var messages = session.messages.makeAsyncIterator()
        #expect(try await messages.next()?.text == "blocked")
        try await eventually("it blocks") { blocking.isBlocked.withLockedValue { $0 } }
        for _ in 0..<20 { try await bystander.expectUndisturbed("while it blocks", location: #_sourceLocation) }
        blocking.gate.signal()
        #expect(try await messages.next()?.text == "free")
        #expect(await session.close().kind == .closed)
        await bystander.close()
        try await server.stop()
    }

    /// Takes nothing until the test says so, then counts.
    private final class NeverReading: Servlet {
        let starts = AsyncStream.makeStream(of: Void.self)
        let bytes = NIOLockedValueBox(0)

        func service(_ session: Session) async throws {
            for await _ in starts.stream { break }
            for try await message in session.messages {
                bytes.withLockedValue { $0 += message.payload.readableBytes }
            }
        }
    }

    // R: D3, D2
    @Test func aServletThatNeverReadsStopsItsClientAndLosesNothing() async throws {
        let servlet = NeverReading()
        let server = try await BadInputServer(["never": .task(servlet)])
        let bystander = try await BadInputBystander(url: server.url("echo", port: server.nginx.port))
        let session = try await Longwire.connect(server.url("never", port: server.nginx.port))
        let sent = NIOLockedValueBox(0)
        let (count, size) = (1024, 8 * 1024)
        async let sending: Void = {
            for _ in 0..<count {
                try await session.send(ByteBuffer(repeating: 5, count: size))
                sent.withLockedValue { $0 += size }
            }
        }()
        // Full are the servlet's window, this side's send buffer, and what is between threads.
        try await eventually("the send buffer is full") { await session.status.unacknowledged > 240 * 1024 }
        for _ in 0..<20 { try await bystander.expectUndisturbed("while it does not read", location: #_sourceLocation) }
        #expect(sent.withLockedValue { $0 } <= (256 + 256 + 128) * 1024)
        #expect(await session.status.unacknowledged <= (256 + 9) * 1024)
        servlet.starts.continuation.finish()
        try await sending
        #expect(await session.close().kind == .closed)
        #expect(servlet.bytes.withLockedValue { $0 } == count * size)
        await bystander.close()
        try await server.stop()
    }

    // R: D1
    @Test func anOPENThatComesSlowlyIsAnswered408() async throws {
        let server = try await BadInputServer([:]) { $0.session.timeToOpen = .milliseconds(300) }
        for port in server.ports {
            let bystander = try await BadInputBystander(url: server.url("echo", port: port))
            let transaction = try await BadInputTransaction(port: port)
            // The first byte of an OPEN, and no second one.
            try await transaction.send([0x01])
            #expect(try await transaction.framesToEnd() == [])
            #expect(transaction.head.hasPrefix("HTTP/1.1 408"), "\(transaction.head)")
            try await bystander.expectUndisturbed(nil, location: #_sourceLocation)
            await bystander.close()
        }
        // Beside nginx a slow head is closed as well.
        let slow = try BadInputConnection(port: server.httpPort)
        try await slow.send("POST /longwire/echo HT")
        #expect(try await slow.takeToEnd() == "")
        try await server.stop()
    }

    // R: D9
    @Test func theSessionBeyondTheLimitIsToldTheLimit() async throws {
        let server = try await BadInputServer([:]) { $0.maximumSessions = 1 }
        let first = try await BadInputBystander(url: server.url("echo", port: server.nginx.port))
        await #expect {
            _ = try await Longwire.connect(server.url("echo", port: server.httpPort))
        } throws: { error in
            (error as? ConnectError)?.kind == .refusedByServer(.overloaded)
                && "\(error)".contains("the limit of 1 sessions is reached")
        }
        try await first.expectUndisturbed(nil, location: #_sourceLocation)
        await first.close()
        try await eventually("there is room again") { server.mount.sessionCount == 0 }
        let second = try await BadInputBystander(url: server.url("echo", port: server.httpPort))
        try await second.expectUndisturbed(nil, location: #_sourceLocation)
        await second.close()
        try await server.stop()
    }
}
