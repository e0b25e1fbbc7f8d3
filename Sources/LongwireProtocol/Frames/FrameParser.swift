internal import NIOCore

/// Reads the value of one frame.
package enum FrameParser {
    static func parse(type: UInt64, value: ByteBuffer, checksum: Bool) throws(FrameError) -> Frame {
        let value = checksum ? try unsealed(type: type, value) : value
        switch type {
        case FrameType.message, FrameType.text, FrameType.fragment, FrameType.close:
            return .numbered(try numbered(type: type, value: value))
        case FrameType.ack:
            return .ack(try ack(value))
        case FrameType.ping: return .ping(try ping(value, type: type))
        case FrameType.pong: return .pong(try ping(value, type: type))
        case FrameType.open: return .open(try open(value))
        case FrameType.opened: return .opened(try opened(value))
        case FrameType.going:
            var value = value
            guard let code = value.readVarInt(), value.readableBytes == 0 else { throw .malformed(type: type) }
            return .going(CloseCode(rawValue: code))
        default:
            return .abort(try abort(value))
        }
    }

    /// The value of a frame without its checksum, which must be right; frames that have none are left as they are.
    private static func unsealed(type: UInt64, _ value: ByteBuffer) throws(FrameError) -> ByteBuffer {
        guard type != FrameType.open, type != FrameType.opened, type != FrameType.abort else { return value }
        let count = value.readableBytes - 4
        guard count >= 0, let expected = value.getInteger(at: value.readerIndex + count, as: UInt32.self),
            let covered = value.getSlice(at: value.readerIndex, length: count)
        else { throw .malformed(type: type) }
        let head = VarInt.withBytes(type, UInt64(value.readableBytes)) { CRC32C.checksum($0) }
        guard covered.withUnsafeReadableBytes({ CRC32C.checksum($0, after: head) }) == expected else {
            throw .checksum
        }
        return covered
    }

    private static func numbered(type: UInt64, value: ByteBuffer) throws(FrameError) -> NumberedFrame {
        var value = value
        guard let number = value.readVarInt(), number > 0 else { throw .malformed(type: type) }
        if type == FrameType.close {
            guard let code = value.readVarInt(), value.readableBytes <= FrameLimits.reason,
                let reason = value.readValidText(length: value.readableBytes)
            else { throw .malformed(type: type) }
            return NumberedFrame(number: number, content: .close(CloseCode(rawValue: code), reason: reason))
        }
        guard value.readableBytes <= FrameLimits.payload else {
            throw .tooLong(type: type, length: UInt64(value.readableBytes))
        }
        switch type {
        case FrameType.message: return NumberedFrame(number: number, content: .message(value))
        case FrameType.text: return NumberedFrame(number: number, content: .text(value))
        default: return NumberedFrame(number: number, content: .fragment(value))
        }
    }

    private static func ack(_ value: ByteBuffer) throws(FrameError) -> AckFrame {
        var value = value
        guard let received = value.readVarInt(), let limit = value.readVarInt(), let extra = value.readVarInt(),
            value.readableBytes == 0
        else { throw .malformed(type: FrameType.ack) }
        return AckFrame(received: received, limit: limit, extra: extra)
    }

    private static func ping(_ value: ByteBuffer, type: UInt64) throws(FrameError) -> PingPayload {
        guard value.readableBytes <= 8 else { throw .malformed(type: type) }
        var bytes: UInt64 = 0
        for byte in value.readableBytesView { bytes = bytes << 8 | UInt64(byte) }
        return PingPayload(bytes: bytes, count: UInt8(value.readableBytes))
    }

    private static func abort(_ value: ByteBuffer) throws(FrameError) -> AbortFrame {
        var value = value
        guard let received = value.readVarInt(), let code = value.readVarInt(),
            value.readableBytes <= FrameLimits.reason,
            let reason = value.readValidText(length: value.readableBytes)
        else { throw .malformed(type: FrameType.abort) }
        return AbortFrame(received: received, code: CloseCode(rawValue: code), reason: reason)
    }

    /// The parameters without the checksum of the frame, which must be right where there is one.
    private static func summed(_ parameters: [Parameter], of value: ByteBuffer) throws(FrameError) -> [Parameter] {
        guard let last = parameters.last, last.key == Parameter.sum else { return parameters }
        let size = 2 + last.key.utf8.count + last.value.utf8.count
        guard let covered = value.getSlice(at: value.readerIndex, length: max(value.readableBytes - size, 0)),
            covered.withUnsafeReadableBytes({ CRC32C.text($0) }) == last.value
        else { throw .checksum }
        return parameters.dropLast()
    }

    private static func open(_ whole: ByteBuffer) throws(FrameError) -> OpenFrame {
        var value = whole
        guard let version = value.readVarInt(),
            let kind = value.readVarInt(), let transport = TransportKind(rawValue: kind),
            let path = value.readVarInt(), path > 0,
            var identifier = value.readLengthPrefixed(allowed: 0, 16),
            var token = value.readLengthPrefixed(allowed: 0, 32),
            var instance = value.readLengthPrefixed(allowed: 0, 8),
            let using = value.readVarInt(), let received = value.readVarInt(), let limit = value.readVarInt(),
            let parameters = value.readParameters()
        else { throw .malformed(type: FrameType.open) }
        return OpenFrame(
            version: version, transport: transport, path: path,
            identifier: SessionIdentifier(bytes: &identifier), token: SessionToken(bytes: &token),
            instance: instance.readInteger(as: UInt64.self).map(SessionInstance.init(rawValue:)),
            using: using, received: received, limit: limit, parameters: try summed(parameters, of: whole))
    }

    private static func opened(_ whole: ByteBuffer) throws(FrameError) -> OpenedFrame {
        var value = whole
        guard let version = value.readVarInt(),
            var identifierBytes = value.readLengthPrefixed(allowed: 16, 16),
            let identifier = SessionIdentifier(bytes: &identifierBytes),
            var token = value.readLengthPrefixed(allowed: 0, 32),
            var instanceBytes = value.readLengthPrefixed(allowed: 8, 8),
            let instance = instanceBytes.readInteger(as: UInt64.self),
            let received = value.readVarInt(), let limit = value.readVarInt(),
            let bytes = value.readVarInt(), let pieces = value.readVarInt(),
            let heartbeat = value.readVarInt(), let resumeTime = value.readVarInt(),
            let greatestAge = value.readVarInt(), let greatestSize = value.readVarInt(),
            let parameters = value.readParameters()
        else { throw .malformed(type: FrameType.opened) }
        return OpenedFrame(
            version: version, identifier: identifier, token: SessionToken(bytes: &token),
            instance: SessionInstance(rawValue: instance), received: received, limit: limit,
            allowance: AllowanceLimit(bytes: bytes, pieces: pieces), heartbeat: heartbeat, resumeTime: resumeTime,
            greatestAge: greatestAge, greatestSize: greatestSize, parameters: try summed(parameters, of: whole))
    }
}

extension ByteBuffer {
    /// Reads `length` bytes of valid UTF-8.
    fileprivate mutating func readValidText(length: Int) -> String? {
        guard let slice = readSlice(length: length) else { return nil }
        return String(validating: slice.readableBytesView, as: UTF8.self)
    }

    /// Reads a length and as many bytes, when it is one of the two allowed lengths.
    fileprivate mutating func readLengthPrefixed(allowed first: UInt64, _ second: UInt64) -> ByteBuffer? {
        guard let length = readVarInt(), length == first || length == second else { return nil }
        return readSlice(length: Int(length))
    }

    /// Reads parameters to the end of the buffer, within their limits.
    fileprivate mutating func readParameters() -> [Parameter]? {
        guard readableBytes <= FrameLimits.parameterBytes else { return nil }
        var parameters: [Parameter] = []
        while readableBytes > 0 {
            guard parameters.count < FrameLimits.parameterCount,
                let keyLength = readVarInt(), keyLength <= UInt64(readableBytes),
                let key = readValidText(length: Int(keyLength)),
                let valueLength = readVarInt(), valueLength <= UInt64(readableBytes),
                let value = readValidText(length: Int(valueLength))
            else { return nil }
            parameters.append(Parameter(key, value))
        }
        return parameters
    }
}
