internal import NIOCore

/// The encoding of names and values in PARAMS, GET_VALUES and GET_VALUES_RESULT (FastCGI 1.0, section 3.4).
enum NameValuePairs {
    /// Where one pair lies, as offsets into the buffer that was decoded.
    struct Pair: Equatable {
        var name: Range<Int>
        var value: Range<Int>
    }

    /// Why bytes are not a list of pairs, or not one that is accepted.
    enum Failure: Error, Equatable {
        /// A length reaches beyond the end, or is itself cut off.
        case malformed
        case nameTooLong(Int)
        case valueTooLong(Int)
        case tooManyPairs
    }

    /// The limits a decoder keeps to.
    struct Limits {
        var nameBytes: Int
        var valueBytes: Int
        var pairs: Int
    }

    /// Finds the pairs; every length is checked against what is really there before it is used.
    static func decode(_ buffer: ByteBuffer, limits: Limits) throws(Failure) -> [Pair] {
        var pairs: [Pair] = []
        pairs.reserveCapacity(32)
        var rest = buffer
        let start = buffer.readerIndex
        while rest.readableBytes > 0 {
            guard let nameLength = self.readLength(from: &rest), let valueLength = self.readLength(from: &rest)
            else { throw .malformed }
            // Both lengths are below 2³¹, so the sum does not overflow.
            guard nameLength + valueLength <= rest.readableBytes else { throw .malformed }
            guard nameLength <= limits.nameBytes else { throw .nameTooLong(nameLength) }
            guard valueLength <= limits.valueBytes else { throw .valueTooLong(valueLength) }
            guard pairs.count < limits.pairs else { throw .tooManyPairs }
            let name = rest.readerIndex - start
            pairs.append(
                Pair(name: name..<name + nameLength, value: name + nameLength..<name + nameLength + valueLength))
            rest.moveReaderIndex(forwardBy: nameLength + valueLength)
        }
        return pairs
    }

    /// Appends a pair, with one length octet below 128 and four from there.
    static func write(name: some StringProtocol, value: some StringProtocol, into buffer: inout ByteBuffer) {
        self.writeLength(name.utf8.count, into: &buffer)
        self.writeLength(value.utf8.count, into: &buffer)
        buffer.writeSubstring(Substring(name))
        buffer.writeSubstring(Substring(value))
    }

    private static func writeLength(_ length: Int, into buffer: inout ByteBuffer) {
        if length < 128 {
            buffer.writeInteger(UInt8(truncatingIfNeeded: length))
        } else {
            buffer.writeInteger(UInt32(truncatingIfNeeded: length) | 0x8000_0000)
        }
    }

    private static func readLength(from buffer: inout ByteBuffer) -> Int? {
        guard let first = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) else { return nil }
        if first < 128 {
            buffer.moveReaderIndex(forwardBy: 1)
            return Int(first)
        }
        return buffer.readInteger(as: UInt32.self).map { Int($0 & 0x7fff_ffff) }
    }
}
