internal import NIOCore

/// A numbered frame found again in what ``SendQueue`` encoded: its size and its cost, in bytes.
struct EncodedFrame {
    let size: Int
    let cost: UInt64

    init?(in buffer: ByteBuffer, checksum: Bool) {
        self.init(in: buffer, at: buffer.readerIndex, checksum: checksum)
    }

    init?(in buffer: ByteBuffer, at index: Int, checksum: Bool) {
        guard index < buffer.writerIndex else { return nil }
        let found = buffer.withUnsafeReadableBytes { bytes -> (Int, UInt64)? in
            let rest = UnsafeRawBufferPointer(rebasing: bytes[(index - buffer.readerIndex)...])
            guard let header = FrameHeader(reading: rest) else { return nil }
            let value = UnsafeRawBufferPointer(rebasing: rest[header.size...])
            guard let (_, numberSize) = VarInt.read(value) else { return nil }
            let payload = Int(clamping: header.length) - numberSize - (checksum ? 4 : 0)
            let isFree = header.type == FrameType.close
            return (header.size + Int(clamping: header.length), isFree ? 0 : UInt64(payload) + FrameLimits.overhead)
        }
        guard let found else { return nil }
        (size, cost) = found
    }
}
