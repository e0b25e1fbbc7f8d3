import LongwireProtocol
import NIOCore

extension Operation {
    /// The rules of a session alone, both ends.
    static var sessions: [Operation] { [message, bundle] }

    /// A message offered, written, read, taken and acknowledged, over `duplex`.
    private static var message: Operation {
        Operation(name: "session-message") { _ in
            let pair = SessionPair(.duplex)
            pair.exchange()
            let message = Message(ByteBuffer(repeating: 1, count: 64))
            return { _ in
                precondition(pair.client.offer(message), "the message was not taken")
                pair.up()
                _ = must(pair.server.take(now: pair.now), "no message came")
                pair.now = pair.now + .milliseconds(500)
                pair.down()
                precondition(pair.client.outbox.retained == 0, "the message was not acknowledged")
            }
        }
    }

    /// Ten messages each way in one request and its answer, over `poll`: a message there or back.
    private static var bundle: Operation {
        Operation(name: "poll-bundle", each: 20) { _ in
            let pair = SessionPair(.poll)
            pair.request()
            pair.answer()
            let message = Message(ByteBuffer(repeating: 1, count: 64))
            return { _ in
                for _ in 0..<10 { precondition(pair.client.offer(message), "the message was not taken") }
                pair.request()
                for _ in 0..<10 { _ = must(pair.server.take(now: pair.now), "no message came up") }
                for _ in 0..<10 { precondition(pair.server.offer(message), "the message was not taken") }
                pair.answer()
                for _ in 0..<10 { _ = must(pair.client.take(now: pair.now), "no message came down") }
                pair.now = pair.now + .milliseconds(1)
            }
        }
    }
}
