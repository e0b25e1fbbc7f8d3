package import NIOCore

/// The variable-length integers of RFC 9000 section 16: one, two, four or eight bytes for values below 2^62.
package enum VarInt {
    /// The greatest value that eight bytes carry.
    package static let maximum: UInt64 = (1 << 62) - 1

    /// The number of bytes that `value` takes on the wire; values above ``maximum`` are written as ``maximum``.
    package static func size(_ value: UInt64) -> Int {
        if value < 1 << 6 { return 1 }
        if value < 1 << 14 { return 2 }
        if value < 1 << 30 { return 4 }
        return 8
    }

    /// Reads an integer at the start of `bytes`.
    ///
    /// - Returns: the value and the bytes it took, or nil when `bytes` ends before it does.
    @inline(__always)
    package static func read(_ bytes: UnsafeRawBufferPointer) -> (value: UInt64, size: Int)? {
        var size = 0
        guard let value = read(bytes, at: &size) else { return nil }
        return (value, size)
    }

    /// The same from `index` on, which it moves behind the integer.
    @inline(__always)
    static func read(_ bytes: UnsafeRawBufferPointer, at index: inout Int) -> UInt64? {
        guard index < bytes.count else { return nil }
        let start = index
        let first = bytes[start]
        let size = 1 << Int(first >> 6)
        guard bytes.count - start >= size else { return nil }
        index = start + size
        switch size {
        case 1: return UInt64(first)
        case 2: return UInt64(load(bytes, start, UInt16.self) & 0x3fff)
        case 4: return UInt64(load(bytes, start, UInt32.self) & 0x3fff_ffff)
        default: return load(bytes, start, UInt64.self) & maximum
        }
    }

    @inline(__always)
    private static func load<Value: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, _ index: Int, _ type: Value.Type
    ) -> Value {
        Value(bigEndian: bytes.loadUnaligned(fromByteOffset: index, as: type))
    }

    /// Two integers one behind the other, in their shortest form.
    static func withBytes<Result>(
        _ first: UInt64, _ second: UInt64, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        withUnsafeTemporaryAllocation(byteCount: 16, alignment: 8) { bytes in
            let count = write(first, to: bytes)
            let all = count + write(second, to: UnsafeMutableRawBufferPointer(rebasing: bytes[count...]))
            return body(UnsafeRawBufferPointer(rebasing: bytes[..<all]))
        }
    }

    /// Writes `value` into `bytes` from `index` on, where there must be room, and moves the index behind it.
    @inline(__always)
    static func write(_ value: UInt64, to bytes: UnsafeMutableRawBufferPointer, at index: inout Int) {
        if value < 1 << 6 {
            bytes[index] = UInt8(truncatingIfNeeded: value)
            index += 1
        } else if value < 1 << 14 {
            bytes.storeBytes(
                of: (UInt16(truncatingIfNeeded: value) | 0x4000).bigEndian, toByteOffset: index, as: UInt16.self)
            index += 2
        } else {
            index += write(value, to: UnsafeMutableRawBufferPointer(rebasing: bytes[index...]))
        }
    }

    /// Writes `value` to the start of `bytes`, which must have room for ``size(_:)`` bytes.
    ///
    /// - Returns: the bytes written.
    package static func write(_ value: UInt64, to bytes: UnsafeMutableRawBufferPointer) -> Int {
        let value = min(value, maximum)
        switch size(value) {
        case 1:
            bytes[0] = UInt8(truncatingIfNeeded: value)
            return 1
        case 2:
            bytes.storeBytes(of: (UInt16(truncatingIfNeeded: value) | 0x4000).bigEndian, as: UInt16.self)
            return 2
        case 4:
            bytes.storeBytes(of: (UInt32(truncatingIfNeeded: value) | 0x8000_0000).bigEndian, as: UInt32.self)
            return 4
        default:
            bytes.storeBytes(of: (value | 0xc000_0000_0000_0000).bigEndian, as: UInt64.self)
            return 8
        }
    }
}

extension ByteBuffer {
    /// Writes a variable-length integer (RFC 9000 section 16).
    package mutating func writeVarInt(_ value: UInt64) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: 8) { VarInt.write(value, to: $0) }
    }

    /// Reads a variable-length integer (RFC 9000 section 16), or nil when the buffer ends before it does.
    package mutating func readVarInt() -> UInt64? {
        guard let (value, size) = withUnsafeReadableBytes({ VarInt.read($0) }) else { return nil }
        moveReaderIndex(forwardBy: size)
        return value
    }
}
