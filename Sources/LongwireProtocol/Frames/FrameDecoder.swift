package import NIOCore

/// Cuts a stream of bytes into frames (Docs/protocol.md, "Frames").
///
/// Give it what was read with ``append(_:)``, then call ``next()`` until it returns nil, then ``readCompleted()``.
/// Payloads are slices of what was read; only a frame that two reads share is copied. PAD and frames of unknown
/// types are dropped as they arrive.
package struct FrameDecoder {
    /// The start of a frame whose end has not been read.
    @Seldom private var partial: ByteBuffer?
    private var current = ByteBuffer()
    /// What is left of a frame that nobody wants.
    @FourBytes private var skipping = 0
    /// PAD and unknown frames so far.
    package private(set) var skippedFrames: UInt32 = 0
    /// Whether frames end with a CRC-32C (rule 13).
    package var checksum: Bool

    package init(checksum: Bool = false) { self.checksum = checksum }

    /// Whether the bytes so far end in the middle of a frame.
    package var isInsideFrame: Bool { partial != nil || current.readableBytes > 0 || skipping > 0 }

    /// Takes what was read; ``next()`` must have returned nil since the last time.
    package mutating func append(_ bytes: ByteBuffer) {
        if current.readableBytes == 0 {
            current = bytes
        } else {
            current.writeImmutableBuffer(bytes)
        }
    }

    /// The next whole frame, or nil when more bytes are needed.
    package mutating func next() throws(FrameError) -> Frame? {
        while true {
            if skipping > 0 {
                let dropped = min(skipping, current.readableBytes)
                current.moveReaderIndex(forwardBy: dropped)
                skipping -= dropped
                if skipping > 0 { return nil }
            }
            if partial != nil {
                switch try completePartial() {
                case .frame(let frame): return frame
                case .skipped: continue
                case .needsMore: return nil
                }
            }
            guard current.readableBytes > 0 else { return nil }
            if let message = nextMessage() { return .numbered(message.numbered) }
            if let ack = nextAck() { return .ack(ack) }
            guard let header = current.withUnsafeReadableBytes({ FrameHeader(reading: $0) }) else {
                keepPartial()
                return nil
            }
            let length = try header.checkedLength()
            if header.isSkipped {
                current.moveReaderIndex(forwardBy: header.size)
                skipping = length
                skippedFrames &+= 1
                continue
            }
            guard current.readableBytes >= header.size + length else {
                keepPartial()
                return nil
            }
            current.moveReaderIndex(forwardBy: header.size)
            guard let value = current.readSlice(length: length) else { return nil }
            return try FrameParser.parse(type: header.type, value: value, checksum: checksum)
        }
    }

    /// The next frame where it is a whole message in one piece, which nearly every frame is.
    ///
    /// One look, and its payload is the one slice that is made. Everything else, also what is wrong, is for ``next()``.
    package mutating func nextMessage() -> MessageFrame? {
        guard skipping == 0, !checksum, partial == nil, current.readableBytes > 0,
            let head = current.withUnsafeReadableBytes({ MessageHead(reading: $0) }),
            head.payload <= FrameLimits.payload,
            let payload = current.getSlice(at: current.readerIndex + head.size, length: head.payload)
        else { return nil }
        current.moveReaderIndex(forwardBy: head.size + head.payload)
        return MessageFrame(number: head.number, isText: head.isText, payload: payload)
    }

    /// The same where it is a whole ACK, of which nothing is sliced.
    private mutating func nextAck() -> AckFrame? {
        guard !checksum else { return nil }
        var end = 0
        let ack = current.withUnsafeReadableBytes { bytes -> AckFrame? in
            var index = 0
            guard let type = VarInt.read(bytes, at: &index), type == FrameType.ack,
                let size = VarInt.read(bytes, at: &index), size <= UInt64(min(FrameLimits.value, bytes.count - index))
            else { return nil }
            end = index + Int(size)
            let value = UnsafeRawBufferPointer(rebasing: bytes[..<end])
            guard let received = VarInt.read(value, at: &index), let limit = VarInt.read(value, at: &index),
                let extra = VarInt.read(value, at: &index), index == end
            else { return nil }
            return AckFrame(received: received, limit: limit, extra: extra)
        }
        if ack != nil { current.moveReaderIndex(forwardBy: end) }
        return ack
    }

    /// Takes out what was given and not cut into frames yet.
    package mutating func takeRest() -> ByteBuffer {
        var rest = partial ?? ByteBuffer()
        if rest.readableBytes == 0 { rest = current } else { rest.writeImmutableBuffer(current) }
        partial = nil
        current = ByteBuffer()
        return rest
    }

    /// Lets go of the buffer that was read, so that an unfinished frame does not pin it.
    package mutating func readCompleted() {
        if current.readableBytes == 0 { current = ByteBuffer() }
    }

    /// Copies what is left into a buffer of its own.
    private mutating func keepPartial() {
        var start = ByteBuffer()
        start.writeBuffer(&current)
        partial = start
        current = ByteBuffer()
    }

    private enum PartialResult {
        case frame(Frame), skipped, needsMore
    }

    /// Adds to the unfinished frame just what it lacks.
    private mutating func completePartial() throws(FrameError) -> PartialResult {
        guard var partial else { return .needsMore }
        // So that it has one owner and grows in place.
        self.partial = nil
        while true {
            var missing = 1
            if let header = partial.withUnsafeReadableBytes({ FrameHeader(reading: $0) }) {
                let length = try header.checkedLength()
                if header.isSkipped {
                    skipping = length - (partial.readableBytes - header.size)
                    skippedFrames &+= 1
                    return .skipped
                }
                missing = header.size + length - partial.readableBytes
                if missing == 0 {
                    partial.moveReaderIndex(forwardBy: header.size)
                    return .frame(try FrameParser.parse(type: header.type, value: partial, checksum: checksum))
                }
            }
            guard current.readableBytes > 0 else {
                self.partial = partial
                return .needsMore
            }
            let taken = min(missing, current.readableBytes)
            partial.reserveCapacity(minimumWritableBytes: missing)
            current.withUnsafeReadableBytes { _ = partial.writeBytes($0.prefix(taken)) }
            current.moveReaderIndex(forwardBy: taken)
        }
    }
}
