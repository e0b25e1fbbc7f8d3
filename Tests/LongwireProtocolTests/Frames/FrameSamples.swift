import NIOCore

@testable import LongwireProtocol

/// Frames of every type, for tests.
enum FrameSamples {
    static let identifier = SessionIdentifier(high: 0x0011_2233_4455_6677, low: 0x8899_aabb_ccdd_eeff)
    static let instance = SessionInstance(rawValue: 0x0102_0304_0506_0708)
    static let great = VarInt.maximum

    static var token: SessionToken {
        var generator = SystemRandomNumberGenerator()
        return .random(using: &generator)
    }

    static var all: [Frame] {
        let token = token
        return [
            .open(
                OpenFrame(
                    version: great, transport: .duplex, path: great, identifier: identifier, token: token,
                    instance: instance, using: great, received: great, limit: great,
                    parameters: [Parameter("path", "/a"), Parameter("", "")])),
            .open(
                OpenFrame(
                    transport: .poll, path: 1, identifier: nil, token: nil, instance: nil, using: 0, received: 0,
                    limit: 0)),
            .opened(
                OpenedFrame(
                    version: great, identifier: identifier, token: token, instance: instance, received: great,
                    limit: great, allowance: AllowanceLimit(bytes: great, pieces: great), heartbeat: great,
                    resumeTime: great, greatestAge: great, greatestSize: great,
                    parameters: [Parameter("offers", "tcp")])),
            .numbered(NumberedFrame(number: great, content: .message(ByteBuffer(string: "bytes")))),
            .numbered(NumberedFrame(number: 1, content: .message(ByteBuffer()))),
            .numbered(NumberedFrame(number: 77, content: .text(ByteBuffer(string: "täxt")))),
            .numbered(NumberedFrame(number: 5000, content: .fragment(ByteBuffer(repeating: 1, count: 16 * 1024)))),
            .numbered(NumberedFrame(number: great, content: .close(CloseCode(rawValue: great), reason: "why"))),
            .ack(AckFrame(received: great, limit: great, extra: great)),
            .ack(AckFrame(received: 0, limit: 1, extra: 2)),
            .ping(PingPayload(bytes: .max, count: 8)),
            .pong(PingPayload(bytes: 0, count: 0)),
            .going(CloseCode(rawValue: great)),
            .abort(AbortFrame(received: great, code: CloseCode(rawValue: great), reason: "r")),
        ]
    }

    static func encoded(_ frames: [Frame], checksum: Bool = false) -> ByteBuffer {
        var buffer = ByteBuffer()
        for frame in frames { FrameEncoder.write(frame, checksum: checksum, to: &buffer) }
        return buffer
    }

    /// A frame of any type and value, by hand.
    static func raw(_ type: UInt64, _ value: [UInt8], length: UInt64? = nil) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeVarInt(type)
        buffer.writeVarInt(length ?? UInt64(value.count))
        buffer.writeBytes(value)
        return buffer
    }
}
