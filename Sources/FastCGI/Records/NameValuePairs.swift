internal import NIOCore

/// The encoding of names and values in PARAMS, GET_VALUES and GET_VALUES_RESULT (FastCGI 1.0, section 3.4).
enum NameValuePairs {
    /// Where one pair lies, as offsets into the buffer that was decoded.
    ///
    /// The value lies behind the name. A request has dozens of these: three words of four bytes each.
    struct Pair: Equatable {
        private let start: UInt32
        private let nameLength: UInt32
        private let valueLength: UInt32

        /// A buffer has less than 2³² bytes, and so has every part of it.
        init(start: Int, nameLength: Int, valueLength: Int) {
            self.start = UInt32(truncatingIfNeeded: start)
            self.nameLength = UInt32(truncatingIfNeeded: nameLength)
            self.valueLength = UInt32(truncatingIfNeeded: valueLength)
        }

        var nameCount: Int { Int(self.nameLength) }
        var name: Range<Int> { Int(self.start)..<Int(self.start) + Int(self.nameLength) }
        var value: Range<Int> {
            let start = Int(self.start) + Int(self.nameLength)
            return start..<start + Int(self.valueLength)
        }
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
        try buffer.withUnsafeReadableBytes { bytes -> Result<[Pair], Failure> in
            do throws(Failure) { return .success(try self.decode(bytes, limits)) } catch { return .failure(error) }
        }.get()
    }

    private static func decode(_ bytes: UnsafeRawBufferPointer, _ limits: Limits) throws(Failure) -> [Pair] {
        var pairs: [Pair] = []
        pairs.reserveCapacity(32)
        var index = 0
        while index < bytes.count {
            guard let nameLength = self.readLength(bytes, at: &index),
                let valueLength = self.readLength(bytes, at: &index)
            else { throw .malformed }
            // Both lengths are below 2³¹, so the sum does not overflow.
            guard nameLength + valueLength <= bytes.count - index else { throw .malformed }
            guard nameLength <= limits.nameBytes else { throw .nameTooLong(nameLength) }
            guard valueLength <= limits.valueBytes else { throw .valueTooLong(valueLength) }
            guard pairs.count < limits.pairs else { throw .tooManyPairs }
            pairs.append(Pair(start: index, nameLength: nameLength, valueLength: valueLength))
            index += nameLength + valueLength
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

    private static func readLength(_ bytes: UnsafeRawBufferPointer, at index: inout Int) -> Int? {
        guard index < bytes.count else { return nil }
        if bytes[index] < 128 {
            defer { index += 1 }
            return Int(bytes[index])
        }
        guard bytes.count - index >= 4 else { return nil }
        defer { index += 4 }
        return Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self)) & 0x7fff_ffff)
    }
}
