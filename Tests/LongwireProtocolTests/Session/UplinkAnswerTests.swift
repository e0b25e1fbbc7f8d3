import NIOCore
import Testing

@testable import LongwireProtocol

/// What the answers to uplinks of `stream` take along, and what is missing on the downlink meanwhile (rules 3 and 4b).
struct UplinkAnswerTests {
    /// A client and a server on one path of `stream`, of which each request and each piece arrives when the test says.
    private final class Pair {
        var client: SessionMachine
        var server: SessionMachine
        var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
        let path: UInt64
        /// What the client's application got.
        var received: [String] = []
        var closed: [PathEnd] = []

        init() {
            let configuration = SessionConfiguration()
            client = SessionMachine(
                role: .client, configuration: configuration, identifier: FrameSamples.identifier,
                token: FrameSamples.token, now: now)
            server = SessionMachine(
                role: .server, configuration: configuration, identifier: FrameSamples.identifier,
                token: FrameSamples.token, instance: FrameSamples.instance, now: now)
            path = client.openPath(.stream, now: now) ?? 0
            var head = ByteBuffer()
            _ = client.transmit(on: path, control: &head, maxBytes: 0, now: now)
            for frame in Self.frames(head) {
                if case .open(let open) = frame { _ = server.attach(open, now: now) }
            }
            arriveDown(downlink())
            answer(up())
        }

        static func frames(_ bytes: ByteBuffer) -> [Frame] {
            var decoder = FrameDecoder()
            decoder.append(bytes)
            var frames: [Frame] = []
            while let frame = (try? decoder.next()) ?? nil { frames.append(frame) }
            return frames
        }

        /// What goes on the GET now.
        func downlink() -> ByteBuffer {
            var bytes = ByteBuffer()
            while true {
                let before = bytes.readableBytes
                if let data = server.transmit(on: path, control: &bytes, maxBytes: 1 << 20, now: now) {
                    bytes.writeImmutableBuffer(data)
                }
                if bytes.readableBytes == before { return bytes }
            }
        }

        /// Sends an uplink with these texts, and lets it arrive; nil where none is due.
        func up(_ texts: String...) -> UInt64? {
            for text in texts { _ = client.offer(Message(text)) }
            guard let request = client.nextRequest(on: path, now: now) else { return nil }
            for frame in Self.frames(request.body) {
                if case .open(let open) = frame {
                    _ = server.attach(open, now: now)
                } else {
                    server.frameReceived(frame, on: path, now: now)
                }
            }
            while server.take(now: now) != nil {}
            return request.transaction
        }

        func say(_ texts: String...) -> Bool { texts.allSatisfy { server.offer(Message($0)) } }
        func answerOfServer() -> ByteBuffer { server.uplinkAnswer(on: path, now: now) }

        /// Lets the answer to an uplink arrive.
        func answer(_ transaction: UInt64?, _ bytes: ByteBuffer? = nil) {
            let bytes = bytes ?? answerOfServer()
            guard let transaction else { return }
            for frame in Self.frames(bytes) { client.frameReceived(frame, on: path, now: now) }
            client.requestAnswered(transaction, on: path, now: now)
            look()
        }

        func fail(_ transaction: UInt64?) {
            guard let transaction else { return }
            client.requestFailed(transaction, on: path, now: now)
            look()
        }

        func arriveDown(_ bytes: ByteBuffer) {
            for frame in Self.frames(bytes) { client.frameReceived(frame, on: path, now: now) }
            look()
        }

        private func look() {
            while let message = client.take(now: now) { received.append(message.text) }
            while let event = client.nextEvent() {
                if case .pathClosed(_, let end) = event { closed.append(end) }
            }
        }

        func wait(_ time: TimeAmount) {
            now = now + time
            client.deadlineReached(now: now)
            server.deadlineReached(now: now)
        }

        var takesData: Bool { server.uplinkAnswerTakesData(on: path) }
        var isClientEnded: Bool { client.isEnded }
    }

    private static func numbers(_ bytes: ByteBuffer) -> [UInt64] {
        Pair.frames(bytes).compactMap { if case .numbered(let frame) = $0 { frame.number } else { nil } }
    }

    // R: C1
    @Test func anAnswerTakesAlongWhatIsSaidWhileNothingElseIsUnderWay() {
        let pair = Pair()
        let first = pair.up("one")
        #expect(pair.say("1"))
        #expect(pair.takesData)
        let answer = pair.answerOfServer()
        #expect(Self.numbers(answer) == [1])
        #expect(Self.numbers(pair.downlink()).isEmpty, "once is enough")
        // The first is not covered yet: the next goes on the GET.
        let second = pair.up("two")
        #expect(pair.say("2"))
        #expect(!pair.takesData)
        #expect(Self.numbers(pair.answerOfServer()).isEmpty)
        #expect(Self.numbers(pair.downlink()) == [2])
        _ = (first, second)
    }

    // R: C1
    @Test func whatIsLongGoesOnTheDownlink() {
        let pair = Pair()
        _ = pair.up("one")
        #expect(pair.say(String(repeating: "x", count: 20_000)))
        #expect(!pair.takesData)
        #expect(Self.numbers(pair.answerOfServer()).isEmpty)
        #expect(Self.numbers(pair.downlink()) == [1, 2])
    }

    // R: D9
    @Test func theDownlinkMayOvertakeAnAnswer() {
        let pair = Pair()
        let uplink = pair.up("one")
        #expect(pair.say("1"))
        let answer = pair.answerOfServer()
        #expect(pair.say("2", "3"))
        pair.arriveDown(pair.downlink())
        #expect(pair.received.isEmpty && pair.closed.isEmpty, "what is missing may still come")
        pair.answer(uplink, answer)
        #expect(pair.received == ["1", "2", "3"])
        #expect(pair.closed.isEmpty)
    }

    // R: D9
    @Test func aGapThatNoAnswerCanFillCutsThePath() {
        let pair = Pair()
        let uplink = pair.up("one")
        #expect(pair.say("1"))
        _ = pair.answerOfServer()
        #expect(pair.say("2"))
        pair.arriveDown(pair.downlink())
        // An uplink that begins later cannot bring it.
        let later = pair.up("two")
        pair.fail(uplink)
        #expect(pair.closed == [.cut] && pair.received.isEmpty)
        #expect(!pair.isClientEnded)
        _ = later

        let other = Pair()
        #expect(other.say("1", "2"))
        var bytes = ByteBuffer()
        FrameEncoder.write(.numbered(NumberedFrame(number: 2, content: .text(ByteBuffer(string: "2")))), to: &bytes)
        other.arriveDown(bytes)
        #expect(other.closed == [.unreadable], "no uplink is under way")
    }

    // R: D9
    @Test func aNumberOutOfReachIsAChangedByteAndNotTheEnd() {
        let pair = Pair()
        _ = pair.up("one")
        var bytes = ByteBuffer()
        FrameEncoder.write(
            .numbered(NumberedFrame(number: 1 << 40, content: .text(ByteBuffer(string: "?")))), to: &bytes)
        pair.arriveDown(bytes)
        #expect(pair.closed == [.unreadable])
        #expect(!pair.isClientEnded)
    }

    // R: D9
    @Test func whatALostAnswerTookAlongGoesAgain() {
        let pair = Pair()
        let uplink = pair.up("one")
        #expect(pair.say("1"))
        _ = pair.answerOfServer()
        pair.fail(uplink)
        #expect(pair.closed.isEmpty)
        pair.wait(.seconds(2))
        pair.arriveDown(pair.downlink())
        #expect(pair.received == ["1"])
    }
}
