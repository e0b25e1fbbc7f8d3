import NIOCore
import NIOEmbedded
import Testing

@testable import FastCGI

/// Damaged and shuffled traffic, the same in every run: the connection answers in whole records or closes, every
/// handler hears of its end once, and nothing is left counted.
@Suite struct MutationTests {
    /// SplitMix64.
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            self.state &+= 0x9e37_79b9_7f4a_7c15
            var z = self.state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }

    private func run(_ bytes: [UInt8], _ generator: inout Generator) throws {
        let harness = try Harness(
            configure: {
                $0.maximumOpenRequests = 6
                $0.maximumParameterBytes = 2000
                $0.pausedInputBytes = 20
            }, react: echo)
        var rest = bytes[...]
        while !rest.isEmpty {
            let length = Bool.random(using: &generator) ? Int.random(in: 1...9, using: &generator) : rest.count
            try harness.receive(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
            if let handler = harness.handlers.randomElement(using: &generator) {
                switch Int.random(in: 0..<8, using: &generator) {
                case 0: handler.request.isReadingPaused.toggle()
                case 1: handler.request.close()
                case 2: handler.respond("early")
                case 3: harness.channel.isWritable.toggle()
                case 4: harness.channel.pipeline.fireChannelWritabilityChanged()
                default: break
                }
            }
            harness.channel.embeddedEventLoop.run()
        }
        harness.channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        _ = try harness.sent()
        harness.close()
        for handler in harness.handlers {
            #expect(handler.closeReasons.count == 1)
            #expect(handler.events.last.map { if case .closed = $0 { true } else { false } } == true)
        }
        #expect(harness.server.openRequests == 0)
        #expect(harness.server.openConnections == 0)
    }

    private func traffic(_ generator: inout Generator) -> [[UInt8]] {
        (0..<Int.random(in: 1...30, using: &generator)).map { _ in
            let id = UInt16.random(in: 1...4, using: &generator)
            switch Int.random(in: 0..<12, using: &generator) {
            case 0: return Wire.begin(id, keep: Bool.random(using: &generator))
            case 1: return Wire.params(id, Wire.pairs(Wire.getPairs), padding: 3)
            case 2: return Wire.params(id, [])
            case 3: return Wire.stdin(id, "some body", padding: Int.random(in: 0...255, using: &generator))
            case 4: return Wire.stdin(id)
            case 5: return Wire.abort(id)
            case 6: return Wire.record(9, 0, Wire.pair("FCGI_MAX_REQS", ""))
            case 7: return Wire.record(UInt8.random(in: 0...255, using: &generator), id, [1, 2, 3])
            default: return Wire.head(id, keep: Int.random(in: 0..<4, using: &generator) > 0)
            }
        }
    }

    @Test func shuffledRecordsBreakNothing() throws {
        var generator = Generator(state: 1)
        for _ in 0..<400 { try self.run(self.traffic(&generator).flatMap { $0 }, &generator) }
    }

    @Test func damagedBytesBreakNothing() throws {
        var generator = Generator(state: 2)
        for _ in 0..<400 {
            var bytes = self.traffic(&generator).flatMap { $0 }
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let index = bytes.indices.randomElement(using: &generator) ?? 0
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &generator)
                case 2: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
                default: if bytes.count > 1 { bytes.remove(at: index) }
                }
            }
            try self.run(bytes, &generator)
        }
    }

    @Test func cutsAndNoiseBreakNothing() throws {
        var generator = Generator(state: 3)
        for _ in 0..<200 {
            let noise = (0..<Int.random(in: 1...300, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            let traffic = self.traffic(&generator).flatMap { $0 }
            try self.run(traffic.prefix(Int.random(in: 1...traffic.count, using: &generator)) + noise, &generator)
        }
    }
}
