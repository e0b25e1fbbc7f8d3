import LongwireClient
import LongwireTesting
import NIOCore

/// What one side of a seeded run says: the same messages for the same seed, each told from all others.
struct ChaosTalk: Sendable {
    enum Sizes: String, Sendable, CaseIterable {
        case tiny, mixed, large
    }

    var seed: UInt64
    var count: Int
    var sizes: Sizes
    /// Between two messages, in milliseconds; 0: as fast as they are taken.
    var sendEvery: Int
    /// After each message that was taken, in milliseconds.
    var takeEvery: Int

    init(_ random: inout SeededGenerator) {
        seed = random.next()
        sizes = random.pick([.tiny, .tiny, .mixed, .mixed, .large])
        switch sizes {
        case .tiny: count = random.number(0...200)
        case .mixed: count = random.number(0...40)
        case .large: count = random.number(0...4)
        }
        sendEvery = random.pick([0, 0, 1, 10, 40])
        sendEvery = min(sendEvery, 800 / max(count, 1))
        takeEvery = random.pick([0, 0, 0, 2])
    }

    /// The message with this number, from 0.
    func message(_ number: Int) -> Message {
        var random = SeededGenerator(seed: seed &+ UInt64(truncatingIfNeeded: number) &* 7919)
        let size: Int
        switch sizes {
        case .tiny: size = random.number(0...60)
        case .mixed: size = random.pick([0, 1, 63, 64, 500, 5000, 16_383, 16_384, 16_385, 30_000])
        case .large: size = random.number(50_000...200_000)
        }
        let isText = random.chance(0.4)
        var text = "\(number)|"
        text += String(repeating: isText ? "ä" : "b", count: random.number(0...5))
        var payload = ByteBuffer(string: size == 0 ? "" : text)
        let letter = UInt8(97 + number % 26)
        if payload.readableBytes < size { payload.writeRepeatingByte(letter, count: size - payload.readableBytes) }
        if isText, let message = Message(utf8: payload) { return message }
        return Message(payload)
    }

    /// What is wrong with what came of this; nil where it is a beginning of it, or all.
    func complaint(about received: [Message], at place: String) -> String? {
        guard received.count <= count else { return "\(place) took \(received.count) messages of \(count)" }
        for (number, message) in received.enumerated() where message != self.message(number) {
            let other = (0..<count).first { self.message($0) == message }
            return "\(place) took \(message.kind) of \(message.payload.readableBytes) bytes "
                + "(\(String(message.text.prefix(12))), \(other.map { "number \($0)" } ?? "never sent")) as number "
                + "\(number), which is \(self.message(number).kind) of \(self.message(number).payload.readableBytes)"
        }
        return nil
    }
}
