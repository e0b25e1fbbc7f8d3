/// The CRC-32C (Castagnoli) of the optional checksum (Docs/protocol.md, rule 13), eight bytes at a step.
package enum CRC32C {
    /// Eight tables of 256: table k is what a byte does k bytes before the end of a step.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for index in 0..<256 {
            var value = UInt32(index)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1 }
            tables[index] = value
        }
        for index in 256..<tables.count {
            let before = tables[index - 256]
            tables[index] = before >> 8 ^ tables[Int(before & 0xff)]
        }
        return tables
    }()

    /// The checksum of `bytes` as text.
    static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        let digits = String(checksum(bytes), radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// The checksum of `bytes`, or of those with the checksum `before` and these behind them.
    package static func checksum(_ bytes: UnsafeRawBufferPointer, after before: UInt32 = 0) -> UInt32 {
        tables.withUnsafeBufferPointer { tables in
            func look(_ table: Int, _ word: UInt64, _ byte: UInt64) -> UInt32 {
                tables[table << 8 + Int(truncatingIfNeeded: word >> (byte * 8) & 0xff)]
            }
            var value = ~before
            var index = 0
            while index + 8 <= bytes.count {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                let mixed = word ^ UInt64(value)
                value =
                    look(7, mixed, 0) ^ look(6, mixed, 1) ^ look(5, mixed, 2) ^ look(4, mixed, 3)
                    ^ look(3, mixed, 4) ^ look(2, mixed, 5) ^ look(1, mixed, 6) ^ look(0, mixed, 7)
                index += 8
            }
            while index < bytes.count {
                value = value >> 8 ^ tables[Int(UInt8(truncatingIfNeeded: value) ^ bytes[index])]
                index += 1
            }
            return ~value
        }
    }
}
