import NIOCore
import NIOEmbedded
import Testing

@testable import FastCGI

@Suite struct BackPressureTests {
    private func harnessWithReads(
        _ limit: Int, paused: Bool = true
    ) throws -> (Harness, ReadCounter) {
        let harness = try Harness(
            configure: { $0.pausedInputBytes = limit }, opened: { $0.request.isReadingPaused = paused })
        let handler = try harness.channel.pipeline.syncOperations.handler(type: FastCGIChannelHandler.self)
        let reads = ReadCounter()
        try harness.channel.pipeline.syncOperations.addHandler(reads, position: .before(handler))
        return (harness, reads)
    }

    @Test func aPausedRequestIsHeldToTheLimitAndThenTheConnectionIsNotRead() throws {
        let (harness, reads) = try self.harnessWithReads(10)
        try harness.receive(Wire.head(keep: true) + Wire.stdin(1, "12345"))
        harness.channel.pipeline.read()
        #expect(reads.count == 1)
        try harness.receive(Wire.stdin(1, "67890"))
        #expect(try harness.handler().request.heldBytes == 10)
        harness.channel.pipeline.read()
        #expect(reads.count == 1)

        try harness.handler().request.isReadingPaused = false
        #expect(try harness.handler().events.isEmpty)
        harness.channel.embeddedEventLoop.run()
        #expect(try harness.handler().events == [.body("1234567890"), .readCompleted])
        #expect(reads.count == 2)
        #expect(try harness.handler().request.heldBytes == 0)
        harness.close()
    }

    @Test func nothingOvertakesWhatIsHeld() throws {
        let (harness, _) = try self.harnessWithReads(1000)
        try harness.receive(Wire.head(keep: true) + Wire.stdin(1, "first "))
        try harness.handler().request.isReadingPaused = false
        try harness.receive(Wire.stdin(1, "second") + Wire.stdin())
        harness.channel.embeddedEventLoop.run()
        try #expect(harness.handler().events == [.body("first second"), .end, .readCompleted])
        harness.close()
    }

    @Test func pausingAgainDuringTheDeliveryHoldsTheEnd() throws {
        let harness = try Harness(
            react: { handler, event in if case .body = event { handler.request.isReadingPaused = true } },
            opened: { $0.request.isReadingPaused = true })
        try harness.receive(Wire.head(keep: true) + Wire.stdin(1, "x") + Wire.stdin())
        try harness.handler().request.isReadingPaused = false
        harness.channel.embeddedEventLoop.run()
        try #expect(harness.handler().events == [.body("x"), .readCompleted])
        try harness.handler().request.isReadingPaused = false
        harness.channel.embeddedEventLoop.run()
        try #expect(harness.handler().events == [.body("x"), .readCompleted, .end, .readCompleted])
        harness.close()
    }

    @Test func pausingInTheMiddleOfAReadStillTellsItsEnd() throws {
        let harness = try Harness(react: { handler, event in
            if case .body = event { handler.request.isReadingPaused = true }
        })
        try harness.receive(Wire.head(keep: true) + Wire.stdin(1, "a") + Wire.stdin(1, "b"))
        try #expect(harness.handler().events == [.body("a"), .readCompleted])
        try #expect(harness.handler().request.heldBytes == 1)
        harness.close()
    }

    @Test func aFullRequestThatEndsLetsTheConnectionReadAgain() throws {
        let (harness, reads) = try self.harnessWithReads(4)
        try harness.receive(Wire.head(keep: true) + Wire.stdin(1, "12345"))
        harness.channel.pipeline.read()
        #expect(reads.count == 0)
        try harness.handler().respond("no more, thanks")
        #expect(reads.count == 1)
        harness.close()
    }

    @Test func aPausedRequestDoesNotHoldBackOthersBelowTheLimit() throws {
        let harness = try Harness(opened: { $0.request.isReadingPaused = $0.request.id == 1 })
        try harness.receive(Wire.head(1, keep: true) + Wire.head(2, keep: true))
        try harness.receive(Wire.stdin(1, "held") + Wire.stdin(2, "flows"))
        try #expect(harness.handler(0).events.isEmpty)
        try #expect(harness.handler(1).events == [.body("flows"), .readCompleted])
        harness.close()
    }

    @Test func everyRequestHearsOfWritability() throws {
        let harness = try Harness()
        try harness.receive(Wire.head(1, keep: true) + Wire.head(2, keep: true))
        harness.channel.isWritable = false
        harness.channel.pipeline.fireChannelWritabilityChanged()
        #expect(harness.handlers.map(\.events) == [[.writable(false)], [.writable(false)]])
        #expect(try !harness.handler(0).request.isWritable)
        harness.channel.isWritable = true
        harness.channel.pipeline.fireChannelWritabilityChanged()
        #expect(harness.handlers.map(\.events.last) == [.writable(true), .writable(true)])
        harness.close()
    }
}
