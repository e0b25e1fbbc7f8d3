import LongwireClient
import LongwireProtocol
import LongwireSession
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

@testable import LongwireServer

/// A client's CLOSE comes after its messages, for the servlet too.
@Suite(.timeLimit(.minutes(2))) struct CloseOrderTests {
    /// Answers each message with 4 KiB, and counts.
    private struct Verbose: InlineServlet {
        let received = NIOLockedValueBox(0)
        let receivedAtClose = NIOLockedValueBox<Int?>(nil)

        func received(_ message: Message, in session: Session) {
            received.withLockedValue { $0 += 1 }
            #expect(session.offer(Message(ByteBuffer(repeating: 0, count: 4096))))
        }

        func closed(_ code: CloseCode, reason: String, in session: Session) {
            let count = received.withLockedValue { $0 }
            receivedAtClose.withLockedValue { $0 = count }
        }
    }

    @Test func whatWaitsForRoomIsServedBeforeTheAnswerToAClose() async throws {
        let servlet = Verbose()
        // Room for a few answers only, on both sides.
        let server = try await TestServer(["verbose": .inline(servlet)]) { $0.session.sendBuffer = 20_000 }
        var configuration = ClientConfiguration()
        configuration.session.receiveWindow = 20_000
        let session = try await server.connect("verbose", configuration)
        let count = 100
        for _ in 0..<count { try await session.send("?") }
        session.beginClose()
        let handle = try #require(server.mount.handles.first)
        try await eventually("CLOSE has come, and the servlet has no room to answer") {
            try await handle.eventLoop.submit {
                let core = handle.core.value
                return core.machine.isPeerClosed && !core.machine.hasRoom && core.machine.inbox.hasMessage
            }.get()
        }
        #expect(servlet.received.withLockedValue { $0 } < count)
        #expect(servlet.receivedAtClose.withLockedValue { $0 } == nil)

        var answers = 0
        for try await message in session.messages {
            #expect(message.payload.readableBytes == 4096)
            answers += 1
        }
        #expect(answers == count)
        #expect(await session.ending.kind == .closed)
        #expect(servlet.receivedAtClose.withLockedValue { $0 } == count)
        try await server.stop()
    }
}
