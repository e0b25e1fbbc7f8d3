internal import NIOCore

/// Writes the frames of one direction of a WebSocket (RFC 6455 section 5).
struct WebSocketEncoder {
    private let isClient: Bool

    /// - Parameter isClient: a client masks what it sends (section 5.3).
    init(isClient: Bool) { self.isClient = isClient }

    /// Puts a frame behind what is in `buffer`.
    func write(_ opcode: UInt8, _ payload: ByteBuffer, to buffer: inout ByteBuffer) {
        let mask = isClient ? WebSocketMask.random() : nil
        buffer.reserveCapacity(minimumWritableBytes: WebSocketHead.greatestSize + payload.readableBytes)
        write(WebSocketHead(opcode: opcode, length: payload.readableBytes, mask: mask), to: &buffer)
        guard var mask else {
            buffer.writeImmutableBuffer(payload)
            return
        }
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: payload.readableBytes) { target in
            payload.withUnsafeReadableBytes { source in
                mask.copy(source, to: target)
                return source.count
            }
        }
    }

    /// The head of a frame whose payload follows as it is; nil where it must be masked.
    func head(_ opcode: UInt8, of payload: ByteBuffer) -> ByteBuffer? {
        guard !isClient else { return nil }
        var buffer = ByteBuffer()
        write(WebSocketHead(opcode: opcode, length: payload.readableBytes), to: &buffer)
        return buffer
    }

    private func write(_ head: WebSocketHead, to buffer: inout ByteBuffer) {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: WebSocketHead.greatestSize) { bytes in
            head.write(to: bytes)
            return head.size
        }
    }
}
