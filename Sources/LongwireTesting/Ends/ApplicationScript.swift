internal import LongwireProtocol
internal import NIOCore

/// What the application of one end does in a run.
struct ApplicationScript {
    enum Sizes { case tiny, mixed, large, huge }

    /// How the application comes to its end once everything was sent.
    enum Finish {
        /// Closes its direction and goes on taking.
        case close
        /// Returns, as a servlet does: what still comes is discarded.
        case finish
        /// Waits for the other side's CLOSE, then closes.
        case answer
    }

    var seed: UInt64
    var count: Int
    var sizes: Sizes
    /// The time between messages; zero sends as fast as there is room.
    var sendEvery = TimeAmount.zero
    /// The time between takings; zero takes at once; nil never takes.
    var takeEvery: TimeAmount? = .zero
    var finish = Finish.close
    /// How long the application thinks before it closes or answers.
    var closeDelay = TimeAmount.zero
    /// When it closes whatever was not sent.
    var endAt: TimeAmount
    /// When it aborts.
    var abortAt: TimeAmount?

    /// One megabyte and more of printable characters; messages are slices of it.
    private static let material: ByteBuffer = {
        var generator = SeededGenerator(seed: 0)
        let size = 1_300_000
        var buffer = ByteBufferAllocator().buffer(capacity: size)
        for _ in 0..<size / 8 {
            let bits = generator.next()
            buffer.writeInteger((bits & 0x1f1f_1f1f_1f1f_1f1f) | 0x4040_4040_4040_4040)
        }
        return buffer
    }()

    /// The message of this place in the script.
    func message(_ index: Int) -> Message {
        var generator = SeededGenerator(seed: seed &+ UInt64(index))
        let length =
            switch sizes {
            case .tiny: generator.number(0...3)
            case .mixed: generator.pick([0, 1, 60, 300, 300, 1500, 1500, 16384, 16385, 40000])
            case .large: generator.number(3000...70000)
            case .huge: generator.pick([1, 300_000, 1_048_576])
            }
        let start = generator.number(0...200_000)
        let payload = Self.material.getSlice(at: start, length: length) ?? ByteBuffer()
        return Message(kind: generator.chance(0.4) ? .text : .bytes, payload: payload)
    }
}
