internal import LongwireClient
internal import NIOCore

/// Cuts a stream of bytes into lines, each a message: text where it is UTF-8, bytes where it is not.
struct LineCutter {
    private let limit: Int
    private var partial = ByteBuffer()
    private var chunk = ByteBuffer()

    /// - Parameter limit: the longest line, in bytes.
    init(limit: Int) { self.limit = limit }

    /// More of the stream; what came before must have been taken with ``next()``.
    mutating func append(_ chunk: ByteBuffer) {
        self.chunk = chunk
    }

    /// The next whole line, without its line feed; nil when more of the stream is needed.
    mutating func next() throws -> Message? {
        let view = chunk.readableBytesView
        guard let newline = view.firstIndex(of: UInt8(ascii: "\n")) else {
            guard partial.readableBytes + chunk.readableBytes <= limit else { throw LineTooLong(limit: limit) }
            if chunk.readableBytes > 0 { partial.writeBuffer(&chunk) }
            return nil
        }
        guard var line = chunk.readSlice(length: newline - view.startIndex) else { return nil }
        chunk.moveReaderIndex(forwardBy: 1)
        guard partial.readableBytes > 0 else {
            guard line.readableBytes <= limit else { throw LineTooLong(limit: limit) }
            return Message(utf8: line) ?? Message(line)
        }
        guard partial.readableBytes + line.readableBytes <= limit else { throw LineTooLong(limit: limit) }
        partial.writeBuffer(&line)
        return takePartial()
    }

    /// A last line that had no line feed.
    mutating func finish() -> Message? { partial.readableBytes > 0 ? takePartial() : nil }

    private mutating func takePartial() -> Message {
        defer { partial = ByteBuffer() }
        return Message(utf8: partial) ?? Message(partial)
    }
}

/// A line that no message may hold.
struct LineTooLong: Error, CustomStringConvertible {
    let limit: Int

    var description: String {
        "a line of input is longer than \(limit) bytes; raise --message-limit here and at the server, or use --binary"
    }
}
