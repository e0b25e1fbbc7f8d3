import NIOCore
import NIOEmbedded
import Testing

@testable import FastCGI

@Suite struct ManagementTests {
    private func ask(_ content: [UInt8], configure: (inout FastCGIConfiguration) -> Void = { _ in }) throws -> [UInt8] {
        let harness = try Harness(configure: configure)
        defer { harness.close() }
        try harness.receive(Wire.record(9, 0, content, padding: 3))
        let records = try harness.sent()
        #expect(records.map(\.type) == [10])
        #expect(records.map(\.id) == [0])
        return records.first?.content ?? []
    }

    @Test func theValuesComeFromTheLimits() throws {
        let answer = try self.ask(
            Wire.pairs([("FCGI_MAX_CONNS", ""), ("FCGI_MPXS_CONNS", ""), ("FCGI_MAX_REQS", "")])
        ) {
            $0.maximumConnections = 123
            $0.maximumOpenRequests = 456
        }
        #expect(
            answer == Wire.pairs([("FCGI_MAX_CONNS", "123"), ("FCGI_MAX_REQS", "456"), ("FCGI_MPXS_CONNS", "1")]))
    }

    @Test func onlyWhatWasAskedIsAnswered() throws {
        #expect(try self.ask(Wire.pair("FCGI_MPXS_CONNS", "")) == Wire.pair("FCGI_MPXS_CONNS", "1"))
    }

    @Test func unknownNamesAreLeftOut() throws {
        #expect(try self.ask(Wire.pairs([("FCGI_OTHER", ""), ("", ""), ("FCGI_MAX_CONNS", "")])).count == 21)
        #expect(try self.ask(Wire.pair("FCGI_OTHER", "")).isEmpty)
    }

    @Test func aNameAskedManyTimesIsAnsweredOnce() throws {
        let query = Wire.pairs(Array(repeating: ("FCGI_MPXS_CONNS", ""), count: 200))
        #expect(try self.ask(query) == Wire.pair("FCGI_MPXS_CONNS", "1"))
    }

    @Test func aQueryThatIsMalformedGetsAnEmptyAnswer() throws {
        #expect(try self.ask([200, 1]).isEmpty)
        #expect(try self.ask([]).isEmpty)
    }

    @Test(arguments: [1, 2, 4, 5, 10, 11, 12, 99, 255] as [UInt8])
    func otherManagementRecordsAreAnsweredWithUnknownType(type: UInt8) throws {
        let harness = try Harness()
        try harness.receive(Wire.record(type, 0, [1, 2, 3, 4, 5, 6, 7, 8]))
        #expect(
            try harness.sent() == [WireRecord(type: 11, id: 0, content: [type, 0, 0, 0, 0, 0, 0, 0])])
        #expect(harness.isOpen)
        harness.close()
    }

    @Test func questionsAreAnsweredWhileARequestIsOpen() throws {
        let harness = try Harness(react: echo)
        try harness.receive(Wire.head(keep: true) + Wire.record(9, 0, Wire.pair("FCGI_MPXS_CONNS", "")))
        #expect(try harness.sent().map(\.type) == [10])
        try harness.receive(Wire.stdin(1, "x") + Wire.stdin())
        #expect(try harness.sent().ends() == [.end()])
        harness.close()
    }

    @Test func aPeerThatAsksAndDoesNotReadIsNotReadEither() throws {
        let harness = try Harness()
        let handler = try harness.channel.pipeline.syncOperations.handler(type: FastCGIChannelHandler.self)
        harness.channel.isWritable = false
        try harness.receive(Wire.record(77, 0))
        let reads = ReadCounter()
        try harness.channel.pipeline.syncOperations.addHandler(reads, position: .before(handler))
        harness.channel.pipeline.read()
        #expect(reads.count == 0)
        harness.channel.isWritable = true
        harness.channel.pipeline.fireChannelWritabilityChanged()
        #expect(reads.count == 1)
        harness.close()
    }
}

/// Counts the reads that reach the channel.
final class ReadCounter: ChannelOutboundHandler {
    typealias OutboundIn = Never

    private(set) var count = 0

    func read(context: ChannelHandlerContext) {
        self.count += 1
        context.read()
    }
}
