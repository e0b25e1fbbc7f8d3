import LongwireProtocol
import NIOCore
import Testing

@testable import LongwireSession

/// Those who wait at a session.
@Suite struct MailboxTests {
    @Test func aMessageGoesToWhoWaitsAndOnlyOnce() async throws {
        var mailbox = Mailbox()
        #expect(!mailbox.isWaiting)
        let message = try await withUnsafeThrowingContinuation { continuation in
            let isTaken = mailbox.wait(continuation, id: 1)
            #expect(isTaken)
            #expect(mailbox.isWaiting)
            mailbox.deliver(Message("hello"))
            #expect(!mailbox.isWaiting)
            mailbox.cancel(1)
            mailbox.finish(nil)
        }
        #expect(message?.text == "hello")
    }

    @Test func onlyTheNamedOneIsCancelled() async throws {
        var mailbox = Mailbox()
        await #expect(throws: CancellationError.self) {
            _ = try await withUnsafeThrowingContinuation { continuation in
                let isTaken = mailbox.wait(continuation, id: 7)
                #expect(isTaken)
                mailbox.cancel(8)
                #expect(mailbox.isWaiting)
                mailbox.cancel(7)
            }
        }
        #expect(!mailbox.isWaiting)
    }

    @Test func theEndIsToldWithItsError() async throws {
        var mailbox = Mailbox()
        let ending = SessionEnding(kind: .lost, code: .expired, reason: "", isRemote: false)
        let nothing = try await withUnsafeThrowingContinuation { continuation in
            let isTaken = mailbox.wait(continuation, id: 1)
            #expect(isTaken)
            mailbox.finish(nil)
        }
        #expect(nothing == nil)
        let error = await #expect(throws: SessionEnding.self) {
            _ = try await withUnsafeThrowingContinuation { continuation in
                let isTaken = mailbox.wait(continuation, id: 2)
                #expect(isTaken)
                mailbox.finish(ending)
            }
        }
        #expect(error == ending)
    }
}
