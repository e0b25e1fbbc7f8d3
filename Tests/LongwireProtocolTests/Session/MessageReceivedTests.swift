import NIOCore
import Testing

@testable import LongwireProtocol

/// Whole messages have a way of their own into a session; it leads to the same place as every frame's.
struct MessageReceivedTests {
    /// What a machine says after frames were read from `bytes`, and what it gave the application.
    private static func outcome(_ bytes: ByteBuffer, byMessages: Bool) throws -> [String] {
        let pair = MachinePair.open()
        var decoder = FrameDecoder()
        var texts: [String] = []
        decoder.append(bytes)
        while true {
            if byMessages, let message = decoder.nextMessage() {
                pair.server.messageReceived(message, on: 1, now: pair.now)
            } else if let frame = try decoder.next() {
                pair.server.frameReceived(frame, on: 1, now: pair.now)
            } else {
                break
            }
        }
        texts += pair.takeAll(&pair.server)
        while let event = pair.server.nextEvent() { texts.append("\(event)") }
        texts.append("\(pair.server.inbox.received) \(pair.server.inbox.limit) \(pair.server.isEnded)")
        return texts
    }

    private static func frames(_ frames: [NumberedFrame]) -> ByteBuffer {
        var bytes = ByteBuffer()
        for frame in frames { FrameEncoder.write(.numbered(frame), to: &bytes) }
        return bytes
    }

    private static func text(_ number: UInt64, _ text: String = "hello") -> NumberedFrame {
        NumberedFrame(number: number, content: .text(ByteBuffer(string: text)))
    }

    private static let part = NumberedFrame(number: 1, content: .fragment(ByteBuffer(string: "be")))
    private static let close = NumberedFrame(number: 2, content: .close(.done, reason: ""))
    private static let notText = NumberedFrame(number: 1, content: .text(ByteBuffer(bytes: [0xff])))
    private static var tooMany: [NumberedFrame] {
        let payload = ByteBuffer(repeating: 1, count: 16 * 1024)
        return (1...20).map { (number: UInt64) in NumberedFrame(number: number, content: .message(payload)) }
    }

    static var sequences: [[NumberedFrame]] {
        var sequences: [[NumberedFrame]] = []
        sequences.append([text(1), text(2)])
        sequences.append([text(1), text(1), text(2)])
        sequences.append([text(1), text(3), text(2)])
        sequences.append([part, text(2, "gin"), text(3)])
        sequences.append([text(1), close, text(3)])
        sequences.append([notText, text(2)])
        sequences.append(tooMany)
        return sequences
    }

    @Test(arguments: MessageReceivedTests.sequences)
    func messagesByThemselvesAreReceivedAsAllFramesAre(_ sequence: [NumberedFrame]) throws {
        let bytes = Self.frames(sequence)
        #expect(try Self.outcome(bytes, byMessages: true) == Self.outcome(bytes, byMessages: false))
    }
}
