package import NIOCore

/// Writes frames (Docs/protocol.md, "Frames").
package enum FrameEncoder {
    /// The bytes that a numbered frame of `payload` bytes takes.
    package static func size(number: UInt64, payload: Int, checksum: Bool) -> Int {
        let value = VarInt.size(number) + payload + (checksum ? 4 : 0)
        return 1 + VarInt.size(UInt64(value)) + value
    }

    /// Writes MESSAGE, TEXT or FRAGMENT with the readable bytes of `payload`.
    package static func writeData(
        type: UInt64, number: UInt64, payload: UnsafeRawBufferPointer, checksum: Bool, to buffer: inout ByteBuffer
    ) {
        let valueLength = VarInt.size(number) + payload.count + (checksum ? 4 : 0)
        let size = 1 + VarInt.size(UInt64(valueLength)) + valueLength
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size + 8) { bytes in
            bytes[0] = UInt8(truncatingIfNeeded: type)
            var index = 1
            VarInt.write(UInt64(valueLength), to: bytes, at: &index)
            VarInt.write(number, to: bytes, at: &index)
            UnsafeMutableRawBufferPointer(rebasing: bytes[index...]).copyMemory(from: payload)
            index += payload.count
            if checksum {
                let sum = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<index]))
                bytes.storeBytes(of: sum.bigEndian, toByteOffset: index, as: UInt32.self)
                index += 4
            }
            return index
        }
    }

    /// Writes CLOSE; a longer reason is cut at ``FrameLimits/reason`` bytes.
    package static func writeClose(
        number: UInt64, code: CloseCode, reason: String, checksum: Bool, to buffer: inout ByteBuffer
    ) {
        let start = buffer.writerIndex
        let reason = cut(reason)
        let size = VarInt.size(number) + VarInt.size(code.rawValue) + reason.utf8.count
        buffer.writeVarInt(FrameType.close)
        buffer.writeVarInt(UInt64(size + (checksum ? 4 : 0)))
        buffer.writeVarInt(number)
        buffer.writeVarInt(code.rawValue)
        buffer.writeSubstring(reason)
        if checksum { buffer.writeChecksum(from: start) }
    }

    /// A reason, cut between characters of Unicode to what a frame may carry.
    private static func cut(_ reason: String) -> Substring {
        guard reason.utf8.count > FrameLimits.reason else { return reason[...] }
        let scalars = reason.unicodeScalars
        var end = scalars.startIndex
        var count = 0
        while end < scalars.endIndex {
            count += UTF8.width(scalars[end])
            if count > FrameLimits.reason { break }
            scalars.formIndex(after: &end)
        }
        return reason[..<end]
    }

    /// One frame in a buffer of its own.
    package static func encoded(_ frame: Frame) -> ByteBuffer {
        var buffer = ByteBuffer()
        write(frame, to: &buffer)
        return buffer
    }

    /// Writes any frame; the hot ones have writers of their own.
    package static func write(_ frame: Frame, checksum: Bool = false, to buffer: inout ByteBuffer) {
        switch frame {
        case .numbered(let frame):
            switch frame.content {
            case .message(let payload): write(FrameType.message, frame.number, payload, checksum, to: &buffer)
            case .text(let payload): write(FrameType.text, frame.number, payload, checksum, to: &buffer)
            case .fragment(let payload): write(FrameType.fragment, frame.number, payload, checksum, to: &buffer)
            case .close(let code, let reason):
                writeClose(number: frame.number, code: code, reason: reason, checksum: checksum, to: &buffer)
            }
        case .ack(let frame): writeAck(frame, checksum: checksum, to: &buffer)
        case .ping(let payload): writePing(type: FrameType.ping, payload, checksum, to: &buffer)
        case .pong(let payload): writePing(type: FrameType.pong, payload, checksum, to: &buffer)
        case .going(let code):
            var value = ByteBuffer()
            value.writeVarInt(code.rawValue)
            buffer.writeFrame(type: FrameType.going, value: value, checksum: checksum)
        case .abort(let frame):
            var value = ByteBuffer()
            value.writeVarInt(frame.received)
            value.writeVarInt(frame.code.rawValue)
            value.writeSubstring(cut(frame.reason))
            buffer.writeFrame(type: FrameType.abort, value: value)
        case .open(let frame): buffer.writeFrame(type: FrameType.open, value: value(of: frame))
        case .opened(let frame): write(frame, to: &buffer)
        }
    }

    /// Writes ACK without an allocation beyond the buffer's own.
    package static func writeAck(_ ack: AckFrame, checksum: Bool = false, to buffer: inout ByteBuffer) {
        let size = VarInt.size(ack.received) + VarInt.size(ack.limit) + VarInt.size(ack.extra)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size + 16) { bytes in
            var index = 0
            VarInt.write(FrameType.ack, to: bytes, at: &index)
            VarInt.write(UInt64(size + (checksum ? 4 : 0)), to: bytes, at: &index)
            VarInt.write(ack.received, to: bytes, at: &index)
            VarInt.write(ack.limit, to: bytes, at: &index)
            VarInt.write(ack.extra, to: bytes, at: &index)
            if checksum {
                let sum = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<index]))
                bytes.storeBytes(of: sum.bigEndian, toByteOffset: index, as: UInt32.self)
                index += 4
            }
            return index
        }
    }

    /// Writes PAD with a value of `count` bytes, which no compression on the way makes fewer.
    package static func writePad(_ count: Int, to buffer: inout ByteBuffer) {
        buffer.writeVarInt(FrameType.pad)
        buffer.writeVarInt(UInt64(count))
        var noise: UInt32 = 1
        for _ in 0..<count {
            noise = noise &* 1_664_525 &+ 1_013_904_223
            buffer.writeInteger(UInt8(truncatingIfNeeded: noise >> 24))
        }
    }

    private static func write(
        _ type: UInt64, _ number: UInt64, _ payload: ByteBuffer, _ checksum: Bool, to buffer: inout ByteBuffer
    ) {
        payload.withUnsafeReadableBytes {
            writeData(type: type, number: number, payload: $0, checksum: checksum, to: &buffer)
        }
    }

    private static func writePing(
        type: UInt64, _ payload: PingPayload, _ checksum: Bool, to buffer: inout ByteBuffer
    ) {
        let start = buffer.writerIndex
        buffer.writeVarInt(type)
        buffer.writeVarInt(UInt64(payload.count) + (checksum ? 4 : 0))
        for index in (0..<min(payload.count, 8)).reversed() {
            buffer.writeInteger(UInt8(truncatingIfNeeded: payload.bytes >> (UInt64(index) * 8)))
        }
        if checksum { buffer.writeChecksum(from: start) }
    }

    private static func value(of open: OpenFrame) -> ByteBuffer {
        var value = ByteBuffer()
        value.writeVarInt(open.version)
        value.writeVarInt(open.transport.rawValue)
        value.writeVarInt(open.path)
        value.writeVarInt(open.identifier == nil ? 0 : 16)
        open.identifier?.write(to: &value)
        value.writeVarInt(open.token == nil ? 0 : 32)
        open.token?.write(to: &value)
        value.writeVarInt(open.instance == nil ? 0 : 8)
        if let instance = open.instance { value.writeInteger(instance.rawValue) }
        value.writeVarInt(open.using)
        value.writeVarInt(open.received)
        value.writeVarInt(open.limit)
        value.writeParametersAndSum(open.parameters)
        return value
    }

    private static func write(_ opened: OpenedFrame, to buffer: inout ByteBuffer) {
        guard opened.parameters.isEmpty else {
            var value = ByteBuffer()
            value.reserveCapacity(240)
            writeFields(of: opened, to: &value)
            value.writeParametersAndSum(opened.parameters)
            return buffer.writeFrame(type: FrameType.opened, value: value)
        }
        // Without any the length is known before.
        var size = 3 + 16 + (opened.token == nil ? 0 : 32) + 8
        let numbers = numbers(of: opened)
        for index in numbers.indices { size += VarInt.size(numbers[index]) }
        buffer.writeVarInt(FrameType.opened)
        buffer.writeVarInt(UInt64(size + VarInt.size(opened.version)))
        writeFields(of: opened, to: &buffer)
    }

    private static func writeFields(of opened: OpenedFrame, to value: inout ByteBuffer) {
        value.writeVarInt(opened.version)
        value.writeVarInt(16)
        opened.identifier.write(to: &value)
        value.writeVarInt(opened.token == nil ? 0 : 32)
        opened.token?.write(to: &value)
        value.writeVarInt(8)
        value.writeInteger(opened.instance.rawValue)
        let numbers = numbers(of: opened)
        for index in numbers.indices { value.writeVarInt(numbers[index]) }
    }

    /// What follows the instance.
    @inline(__always)
    private static func numbers(of opened: OpenedFrame) -> InlineArray<8, UInt64> {
        [
            opened.received, opened.limit, opened.allowance.bytes, opened.allowance.pieces, opened.heartbeat,
            opened.resumeTime, opened.greatestAge, opened.greatestSize,
        ]
    }
}

extension ByteBuffer {
    fileprivate mutating func writeFrame(type: UInt64, value: ByteBuffer, checksum: Bool = false) {
        let start = writerIndex
        writeVarInt(type)
        writeVarInt(UInt64(value.readableBytes) + (checksum ? 4 : 0))
        writeImmutableBuffer(value)
        if checksum { writeChecksum(from: start) }
    }

    /// Ends a frame with the checksum of what it has from `start` on.
    fileprivate mutating func writeChecksum(from start: Int) {
        let offset = start - readerIndex
        writeInteger(withUnsafeReadableBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[offset...])) })
    }

    /// Where a checksum is wished for or granted, this frame has one of its own: else a changed byte could undo that.
    fileprivate mutating func writeParametersAndSum(_ parameters: [Parameter]) {
        writeParameters(parameters)
        guard parameters.contains(Parameter(Parameter.checksum, Parameter.crc32c)) else { return }
        writeParameters([Parameter(Parameter.sum, withUnsafeReadableBytes { CRC32C.text($0) })])
    }

    fileprivate mutating func writeParameters(_ parameters: [Parameter]) {
        for parameter in parameters.prefix(FrameLimits.parameterCount) {
            writeVarInt(UInt64(parameter.key.utf8.count))
            writeString(parameter.key)
            writeVarInt(UInt64(parameter.value.utf8.count))
            writeString(parameter.value)
        }
    }
}
