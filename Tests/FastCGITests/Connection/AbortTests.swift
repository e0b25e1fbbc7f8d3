import NIOCore
import NIOEmbedded
import Testing

@testable import FastCGI

@Suite struct AbortTests {
    @Test(arguments: [
        Wire.begin(1, keep: true), Wire.begin(1, keep: true) + Wire.params(1, Wire.pair("A", "b")),
    ]) func anAbortBeforeTheHeadIsAnsweredAndNobodyHearsOfIt(bytes: [UInt8]) throws {
        let harness = try Harness()
        try harness.receive(bytes + Wire.abort())
        #expect(try harness.sent() == [.end()])
        #expect(harness.handlers.isEmpty)
        #expect(harness.server.openRequests == 0)
        harness.close()
    }

    @Test(arguments: [
        [], Wire.stdin(1, "x"), Wire.stdin(1, "x") + Wire.stdin(),
    ]) func anAbortWhileTheHandlerWorksReachesItAndIsAnswered(bytes: [UInt8]) throws {
        for hasAnswered in [false, true] {
            let harness = try Harness(opened: { if hasAnswered { $0.open() } })
            try harness.receive(Wire.head(keep: true) + bytes)
            _ = try harness.sent()
            try harness.receive(Wire.abort())
            #expect(try harness.sent() == [.end()])
            let handler = try harness.handler()
            #expect(handler.closeReasons == [.aborted])
            #expect(handler.events.last == .closed(.aborted))
            handler.respond("too late")
            #expect(try harness.sent().isEmpty)
            #expect(harness.isOpen)
            harness.close()
            #expect(handler.closeReasons == [.aborted])
        }
    }

    @Test func anAbortWhileReadingIsPausedDropsWhatWasHeld() throws {
        let harness = try Harness(opened: { $0.request.isReadingPaused = true })
        try harness.receive(Wire.head(keep: true) + Wire.stdin(1, "held") + Wire.abort())
        try harness.handler().request.isReadingPaused = false
        harness.channel.embeddedEventLoop.run()
        #expect(try harness.handler().events == [.closed(.aborted)])
        #expect(try harness.handler().request.heldBytes == 0)
        harness.close()
    }

    @Test func anAbortAfterTheEndIsIgnored() throws {
        let harness = try Harness(opened: { $0.respond("x") })
        try harness.receive(Wire.request(keep: true))
        _ = try harness.sent()
        try harness.receive(Wire.abort())
        #expect(try harness.sent().isEmpty)
        harness.close()
    }

    @Test func anAbortOfARequestThatKeepsNoConnectionClosesIt() throws {
        let harness = try Harness()
        try harness.receive(Wire.head() + Wire.abort())
        #expect(try harness.sent() == [.end()])
        #expect(!harness.isOpen)
    }

    @Test func anAbortLeavesOtherRequestsAlone() throws {
        let harness = try Harness(opened: { $0.open() })
        try harness.receive(Wire.head(1, keep: true) + Wire.head(2, keep: true) + Wire.abort(1))
        _ = try harness.sent()
        try harness.handler(1).send("on")
        #expect(try harness.sent() == [.stdout(2, "on")])
        #expect(try harness.handler(1).events.isEmpty)
        harness.close()
    }
}
