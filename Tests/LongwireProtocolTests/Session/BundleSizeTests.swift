import NIOCore
import Testing

@testable import LongwireProtocol

/// What one request takes, and when a further uplink goes.
struct BundleSizeTests {
    private static func configuration(_ change: (inout SessionConfiguration) -> Void) -> SessionConfiguration {
        var configuration = SessionConfiguration()
        change(&configuration)
        return configuration
    }

    /// A client whose `poll` path is used, with one request under way.
    private static func polling(_ configuration: SessionConfiguration) -> MachinePair {
        let pair = MachinePair(configuration)
        let path = pair.client.openPath(.poll, now: pair.now) ?? 0
        for _ in 1...2 {
            guard let request = pair.client.nextRequest(on: path, now: pair.now) else { return pair }
            arrive(request, pair)
            while let answer = pair.server.nextAnswer(on: path, now: pair.now) { receive(answer, pair) }
        }
        if let request = pair.client.nextRequest(on: path, now: pair.now) { arrive(request, pair) }
        return pair
    }

    private static func arrive(_ bundle: SessionMachine.Bundle, _ pair: MachinePair) {
        var decoder = FrameDecoder()
        decoder.append(bundle.body)
        guard case .open(let open) = (try? decoder.next()) ?? nil else { return }
        _ = pair.server.attach(open, now: pair.now)
        while let frame = (try? decoder.next()) ?? nil { pair.server.frameReceived(frame, on: 1, now: pair.now) }
        pair.server.requestHeld(bundle.transaction, on: 1, now: pair.now)
    }

    private static func receive(_ bundle: SessionMachine.Bundle, _ pair: MachinePair) {
        var decoder = FrameDecoder()
        decoder.append(bundle.body)
        while let frame = (try? decoder.next()) ?? nil { pair.client.frameReceived(frame, on: 1, now: pair.now) }
        pair.client.requestAnswered(bundle.transaction, on: 1, now: pair.now)
    }

    private static func numbers(_ bundle: SessionMachine.Bundle?) -> [UInt64] {
        var decoder = FrameDecoder()
        decoder.append(bundle?.body ?? ByteBuffer())
        var numbers: [UInt64] = []
        while let frame = (try? decoder.next()) ?? nil {
            if case .numbered(let frame) = frame { numbers.append(frame.number) }
        }
        return numbers
    }

    // R: B1
    @Test("A bundle is filled and not exceeded, but that it holds one frame at least")
    func size() {
        let pair = Self.polling(Self.configuration { $0.bundleBytes = 17_000 })
        for _ in 1...4 { _ = pair.client.offer(Message(ByteBuffer(repeating: 1, count: 8_000))) }
        let first = pair.client.nextRequest(on: 1, now: pair.now)
        #expect(Self.numbers(first) == [1, 2])
        #expect((first?.body.readableBytes ?? 0) <= 17_000)
    }

    // R: B2
    @Test("On stream a further uplink waits for a bundle; one message by itself only until those before it were read")
    func uplinks() {
        let pair = MachinePair.open(.stream)
        _ = pair.client.offer(Message("1"))
        guard let path = pair.client.paths.all.first(where: { $0.phase == .used })?.number else { return }
        #expect(Self.numbers(pair.client.nextRequest(on: path, now: pair.now)) == [1])
        _ = pair.client.offer(Message("2"))
        #expect(pair.client.nextRequest(on: path, now: pair.now) == nil)
        pair.client.frameReceived(.ack(AckFrame(received: 1, limit: 1 << 18, extra: 0)), on: path, now: pair.now)
        #expect(Self.numbers(pair.client.nextRequest(on: path, now: pair.now)) == [2])
        for text in ["3", "4"] { _ = pair.client.offer(Message(text)) }
        pair.client.frameReceived(.ack(AckFrame(received: 2, limit: 1 << 18, extra: 0)), on: path, now: pair.now)
        #expect(pair.client.nextRequest(on: path, now: pair.now) == nil, "several are worth waiting for more")
    }
}
