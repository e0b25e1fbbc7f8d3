package import LongwireProtocol
package import NIOCore

/// Cuts a stream of bytes into messages as they come: text where they are UTF-8, bytes where they are not.
///
/// It holds what has been appended and not been taken, so whoever appends takes everything before appending more. After
/// an error nothing more can be read: the borders are lost.
package struct MessageDecoder: Sendable {
    private let framing: MessageFraming
    private let limit: Int
    private var buffer = ByteBuffer()
    /// The bytes of `buffer` that are known to hold no newline.
    private var searched = 0

    /// The memory it holds, in bytes.
    package var capacity: Int { buffer.capacity }

    /// - Parameter limit: the greatest message, in bytes.
    package init(_ framing: MessageFraming, limit: Int) {
        self.framing = framing
        self.limit = limit
    }

    /// More of the stream.
    package mutating func append(_ bytes: ByteBuffer) {
        guard buffer.readableBytes > 0 else {
            buffer = bytes
            return
        }
        if buffer.readerIndex > 0 {
            // What was taken goes, so that a stream that never pauses between messages does not grow it.
            var rest = ByteBuffer()
            rest.reserveCapacity(buffer.readableBytes + bytes.readableBytes)
            rest.writeImmutableBuffer(buffer)
            buffer = rest
        }
        buffer.writeImmutableBuffer(bytes)
    }

    /// The next whole message, or nil when more of the stream is needed.
    package mutating func next() throws(FramingError) -> Message? {
        switch framing {
        case .lines: try nextLine()
        case .netstring: try nextNetstring()
        case .length: try nextWithLength()
        }
    }

    /// The stream has ended: a last line that had no line feed, or nil.
    ///
    /// - Throws: ``FramingError/unfinished(_:)`` where the framing knows that something is missing.
    package mutating func finish() throws(FramingError) -> Message? {
        let rest = buffer
        buffer = ByteBuffer()
        searched = 0
        guard rest.readableBytes > 0 else { return nil }
        guard framing == .lines else { throw .unfinished(rest.readableBytes) }
        return Self.message(rest)
    }

    private mutating func nextLine() throws(FramingError) -> Message? {
        let start = buffer.readerIndex
        let unsearched = buffer.viewBytes(at: start + searched, length: buffer.readableBytes - searched)
        guard let newline = unsearched?.firstIndex(of: UInt8(ascii: "\n")) else {
            searched = buffer.readableBytes
            guard searched <= limit else { throw .tooLong(size: nil, limit: limit) }
            return nil
        }
        let length = newline - start
        guard length <= limit else { throw .tooLong(size: length, limit: limit) }
        searched = 0
        guard let line = buffer.readSlice(length: length) else { return nil }
        buffer.moveReaderIndex(forwardBy: 1)
        return Self.message(line)
    }

    private mutating func nextWithLength() throws(FramingError) -> Message? {
        guard let header = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return nil }
        let length = Int(header)
        guard length <= limit else { throw .tooLong(size: length, limit: limit) }
        guard buffer.readableBytes >= 4 + length else { return nil }
        buffer.moveReaderIndex(forwardBy: 4)
        return buffer.readSlice(length: length).map(Self.message)
    }

    private mutating func nextNetstring() throws(FramingError) -> Message? {
        guard let (length, digits) = try netstringLength() else { return nil }
        let end = buffer.readerIndex + digits + 1 + length
        guard let comma = buffer.getInteger(at: end, as: UInt8.self) else { return nil }
        guard comma == UInt8(ascii: ",") else {
            throw .notNetstring("after \(length) bytes stands \(Self.name(comma)) in the place of a comma")
        }
        buffer.moveReaderIndex(forwardBy: digits + 1)
        guard let payload = buffer.readSlice(length: length) else { return nil }
        buffer.moveReaderIndex(forwardBy: 1)
        return Self.message(payload)
    }

    /// The length before the colon, and its number of digits.
    private func netstringLength() throws(FramingError) -> (length: Int, digits: Int)? {
        var length = 0
        for (digits, byte) in buffer.readableBytesView.enumerated() {
            switch byte {
            case UInt8(ascii: ":") where digits > 0:
                return (length, digits)
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                guard digits == 0 || length > 0 else { throw .notNetstring("its length begins with a zero") }
                // The limit bounds the number of digits, too.
                length = length * 10 + Int(byte - UInt8(ascii: "0"))
                guard length <= limit else { throw .tooLong(size: nil, limit: limit) }
            default:
                throw .notNetstring("\(Self.name(byte)) in the place of a digit\(digits > 0 ? " or a colon" : "")")
            }
        }
        return nil
    }

    private static func message(_ payload: ByteBuffer) -> Message { Message(utf8: payload) ?? Message(payload) }

    private static func name(_ byte: UInt8) -> String {
        (0x21...0x7e).contains(byte) ? "\"\(Character(Unicode.Scalar(byte)))\"" : "the byte \(byte)"
    }
}
