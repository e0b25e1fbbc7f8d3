/// What the payload of a client's frame is masked with (RFC 6455 section 5.3).
struct WebSocketMask: Equatable {
    /// The four bytes as they are in memory.
    private(set) var word: UInt32

    init(_ word: UInt32) { self.word = word }

    /// One that nobody foresees.
    static func random() -> WebSocketMask { WebSocketMask(.random(in: .min ... .max)) }

    /// Copies bytes, masked or unmasked, and stands then where it goes on behind them.
    ///
    /// - Parameter target: at least as large as `source`.
    mutating func copy(_ source: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer) {
        let wide = UInt64(word) << 32 | UInt64(word)
        var index = 0
        while index &+ 8 <= source.count {
            let bytes = source.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            target.storeBytes(of: bytes ^ wide, toByteOffset: index, as: UInt64.self)
            index &+= 8
        }
        // Eight is twice four: the rest begins where the mask does.
        let begin = index
        withUnsafeBytes(of: word) { mask in
            while index < source.count {
                target[index] = source[index] ^ mask[(index &- begin) & 3]
                index &+= 1
            }
        }
        advance(source.count)
    }

    private mutating func advance(_ count: Int) {
        let bits = UInt32(truncatingIfNeeded: count % 4) * 8
        guard bits > 0 else { return }
        // The first byte in memory is the lowest of a little-endian word.
        let little = word.littleEndian
        word = UInt32(littleEndian: little >> bits | little << (32 - bits))
    }
}
