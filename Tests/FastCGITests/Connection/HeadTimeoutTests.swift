import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import FastCGI

@Suite struct HeadTimeoutTests {
    private func harness() throws -> Harness {
        try Harness(configure: { $0.headTimeout = .seconds(10) }, opened: { $0.open() })
    }

    private func advance(_ harness: Harness, _ seconds: Int64) {
        harness.channel.embeddedEventLoop.advanceTime(by: .seconds(seconds))
    }

    @Test func aConnectionThatSaysNothingIsClosed() throws {
        let harness = try self.harness()
        self.advance(harness, 9)
        #expect(harness.isOpen)
        self.advance(harness, 2)
        #expect(!harness.isOpen)
    }

    @Test func aHeadThatTricklesInIsCutOff() throws {
        let harness = try self.harness()
        for byte in Wire.head().prefix(11) {
            try harness.receive([byte])
            self.advance(harness, 1)
        }
        #expect(!harness.isOpen)
        #expect(harness.handlers.isEmpty)
    }

    @Test func anOpenRequestHasAllTheTimeItWants() throws {
        let harness = try self.harness()
        try harness.receive(Wire.head(keep: true))
        self.advance(harness, 100_000)
        #expect(harness.isOpen)
        try harness.receive(Wire.stdin(1, "x").prefix(9) + [])
        self.advance(harness, 100_000)
        #expect(harness.isOpen)
        harness.close()
    }

    @Test func anIdleKeptConnectionStaysButNotWithHalfARecord() throws {
        let harness = try self.harness()
        try harness.receive(Wire.request(keep: true))
        try harness.handler().request.write(.end(nil))
        self.advance(harness, 100_000)
        #expect(harness.isOpen)
        try harness.receive([1, 1])
        self.advance(harness, 11)
        #expect(!harness.isOpen)
    }

    @Test func aLateSecondRequestHasItsOwnTime() throws {
        let harness = try self.harness()
        try harness.receive(Wire.head(1, keep: true) + Wire.begin(2, keep: true))
        self.advance(harness, 8)
        try harness.receive(Wire.begin(3, keep: true) + Wire.params(2, Wire.pairs(Wire.getPairs)) + Wire.params(2, []))
        self.advance(harness, 8)
        #expect(harness.isOpen)
        self.advance(harness, 3)
        #expect(!harness.isOpen)
        #expect(harness.handlers.map(\.closeReasons) == [[.connectionLost], [.connectionLost]])
    }
}
