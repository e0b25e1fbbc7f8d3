import NIOCore
import NIOEmbedded
import Testing

@testable import FastCGI

@Suite struct MultiplexingTests {
    @Test func aHundredRequestsShareAConnection() throws {
        let harness = try Harness(react: echo)
        let ids = (1...100).map { UInt16($0 * 600) }
        for id in ids { try harness.receive(Wire.begin(id, keep: true)) }
        for id in ids.reversed() { try harness.receive(Wire.params(id, Wire.pairs(Wire.getPairs))) }
        for id in ids { try harness.receive(Wire.params(id, []) + Wire.stdin(id, "body \(id)")) }
        #expect(harness.server.openRequests == 100)
        for id in ids.reversed() { try harness.receive(Wire.stdin(id)) }
        let records = try harness.sent()
        for id in ids {
            #expect(records.output(id) == "Status: 200 OK\r\n\r\nbody \(id)[GET /a?b=c]")
            #expect(records.ends(id) == [.end(id)])
        }
        #expect(harness.server.openRequests == 0)
        #expect(harness.isOpen)
        harness.close()
    }

    @Test func allRequestsOfOneReadHearOfItsEndOnceAndAfterAllRecords() throws {
        let harness = try Harness()
        try harness.receive(Wire.head(1, keep: true) + Wire.head(2, keep: true))
        try harness.receive(Wire.stdin(1, "a") + Wire.stdin(2, "b") + Wire.stdin(1, "c"))
        #expect(try harness.handler(0).events == [.body("a"), .body("c"), .readCompleted])
        #expect(try harness.handler(1).events == [.body("b"), .readCompleted])
        try harness.receive(Wire.stdin(2, "d"))
        #expect(try harness.handler(0).events.count == 3)
        harness.close()
    }

    @Test func aRequestTooManyOnAConnectionIsRefusedAsOverload() throws {
        let harness = try Harness(configure: { $0.maximumRequestsPerConnection = 2 })
        try harness.receive(Wire.head(1, keep: true) + Wire.head(2, keep: true) + Wire.head(3, keep: true))
        #expect(try harness.sent() == [.end(3, status: 2)])
        #expect(harness.handlers.count == 2)
        try harness.handler(0).respond("x")
        try harness.receive(Wire.head(3, keep: true))
        #expect(harness.handlers.count == 3)
        harness.close()
    }

    @Test func whereOneRequestIsTheLimitTheSecondIsToldThatThereIsNoMultiplexing() throws {
        let harness = try Harness(configure: { $0.maximumRequestsPerConnection = 1 })
        try harness.receive(Wire.head(1, keep: true) + Wire.begin(2, keep: true))
        #expect(try harness.sent() == [.end(2, status: 1)])
        harness.close()
    }

    @Test func aRequestTooManyInTheServerIsRefusedAsOverload() throws {
        let harness = try Harness(configure: { $0.maximumOpenRequests = 1 })
        try harness.receive(Wire.head(1, keep: true) + Wire.head(2, keep: true))
        #expect(try harness.sent() == [.end(2, status: 2)])
        try harness.handler().respond("x")
        _ = try harness.sent()
        try harness.receive(Wire.head(2, keep: true))
        #expect(harness.handlers.count == 2)
        harness.close()
    }

    @Test func theConnectionOutlivesARequestThatKeepsNoneWhileOthersAreOpen() throws {
        let harness = try Harness()
        try harness.receive(Wire.head(1, keep: true) + Wire.head(2, keep: false) + Wire.stdin(2))
        try harness.handler(1).respond("two")
        #expect(harness.isOpen)
        try harness.receive(Wire.begin(3, keep: true))
        #expect(try harness.sent().ends(3) == [.end(3, status: 2)])
        try harness.handler(0).respond("one")
        #expect(try harness.sent().ends(1) == [.end(1)])
        #expect(!harness.isOpen)
    }

    @Test func drainingEndsAnIdleConnectionAtOnceAndABusyOneAfterItsRequests() throws {
        let idle = try Harness()
        idle.channel.pipeline.fireUserInboundEventTriggered(DrainEvent.drain)
        #expect(!idle.isOpen)

        let busy = try Harness()
        try busy.receive(Wire.request(keep: true))
        busy.channel.pipeline.fireUserInboundEventTriggered(DrainEvent.drain)
        #expect(busy.isOpen)
        try busy.handler().respond("x")
        #expect(!busy.isOpen)
    }
}
