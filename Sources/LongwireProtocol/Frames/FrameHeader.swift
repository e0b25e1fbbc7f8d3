/// The type and length before a frame's value.
package struct FrameHeader {
    package let type: UInt64
    package let length: UInt64
    /// The bytes that type and length take.
    package let size: Int

    /// Reads a header, or returns nil when `bytes` ends before it does.
    @inline(__always)
    package init?(reading bytes: UnsafeRawBufferPointer) {
        guard let (type, typeSize) = VarInt.read(bytes),
            let (length, lengthSize) = VarInt.read(UnsafeRawBufferPointer(rebasing: bytes[typeSize...]))
        else { return nil }
        self.type = type
        self.length = length
        size = typeSize + lengthSize
    }

    /// Whether the value is dropped unread: PAD, and types that this version does not know.
    package var isSkipped: Bool {
        switch type {
        case FrameType.open...FrameType.pong, FrameType.close...FrameType.abort: false
        default: true
        }
    }

    /// The length of the value in bytes, when a frame may have it.
    package func checkedLength() throws(FrameError) -> Int {
        guard length <= UInt64(FrameLimits.value) else { throw .tooLong(type: type, length: length) }
        return Int(length)
    }
}
