package import NIOCore

/// How messages are told apart in a stream of bytes, as a program's pipes or standard input are one.
package enum MessageFraming: String, Sendable, CaseIterable {
    /// A line feed after each message; a carriage return before it belongs to the message.
    case lines
    /// The length in decimal digits, a colon, the message, a comma: `12:hello world!,`.
    case netstring
    /// The length in four bytes, the greatest first, then the message: as Erlang's ports do.
    case length

    /// Appends a message to `buffer`; when it throws, nothing was appended.
    ///
    /// - Throws: ``FramingError/newline`` and ``FramingError/tooLong(size:limit:)`` for what the framing cannot hold.
    package func encode(_ payload: ByteBuffer, into buffer: inout ByteBuffer) throws(FramingError) {
        switch self {
        case .lines:
            guard !payload.readableBytesView.contains(UInt8(ascii: "\n")) else { throw .newline }
            buffer.writeImmutableBuffer(payload)
            buffer.writeInteger(UInt8(ascii: "\n"))
        case .netstring:
            buffer.writeString(String(payload.readableBytes))
            buffer.writeInteger(UInt8(ascii: ":"))
            buffer.writeImmutableBuffer(payload)
            buffer.writeInteger(UInt8(ascii: ","))
        case .length:
            guard let size = UInt32(exactly: payload.readableBytes) else {
                throw .tooLong(size: payload.readableBytes, limit: Int(UInt32.max))
            }
            buffer.writeInteger(size)
            buffer.writeImmutableBuffer(payload)
        }
    }
}
