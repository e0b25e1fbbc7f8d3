/// What stands before the payload of a MESSAGE or TEXT that was read whole.
///
/// Taken from one word: nearly every frame is such a message, with so short a length and number.
struct MessageHead {
    let isText: Bool
    let number: UInt64
    /// The bytes before the payload.
    let size: Int
    /// The bytes of the payload.
    let payload: Int

    /// Nil for every other frame, also for messages with longer integers, and for what is wrong.
    @inline(__always)
    init?(reading bytes: UnsafeRawBufferPointer) {
        let word = Self.word(bytes)
        isText = word >> 56 == FrameType.text
        guard isText || word >> 56 == FrameType.message else { return nil }
        var rest = word << 8
        var size = 1
        guard rest >> 63 == 0 else { return nil }
        let length = Self.take(&rest, &size)
        let end = size + Int(length)
        guard rest >> 62 < 3 else { return nil }
        number = Self.take(&rest, &size)
        guard number > 0, size <= end, end <= bytes.count else { return nil }
        self.size = size
        payload = end - size
    }

    /// The integer at the front of `word`, of four bytes at most, which it moves up.
    @inline(__always)
    private static func take(_ word: inout UInt64, _ size: inout Int) -> UInt64 {
        let bits = UInt64(8) << (word >> 62)
        defer {
            word &<<= bits
            size += Int(bits / 8)
        }
        return (word & VarInt.maximum) &>> (64 - bits)
    }

    /// The first eight bytes, and zeros for those that are not there.
    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        if bytes.count >= 8 { return UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)) }
        var word: UInt64 = 0
        for (index, byte) in bytes.enumerated() { word |= UInt64(byte) << UInt64(56 - 8 * index) }
        return word
    }
}
