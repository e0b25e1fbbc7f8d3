import Foundation

/// Frames written and read by hand, from Docs/protocol.md alone: none of Longwire's own code.
enum Wire {
    static func varint(_ value: UInt64) -> [UInt8] {
        switch value {
        case ..<(1 << 6): [UInt8(value)]
        case ..<(1 << 14): bytes(value | 0x4000, 2)
        case ..<(1 << 30): bytes(value | 0x8000_0000, 4)
        default: bytes(value | 0xc000_0000_0000_0000, 8)
        }
    }

    private static func bytes(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
    }

    static func frame(_ type: UInt64, _ value: [UInt8]) -> [UInt8] {
        varint(type) + varint(UInt64(value.count)) + value
    }

    static func text(_ number: UInt64, _ text: String) -> [UInt8] { frame(0x0a, varint(number) + Array(text.utf8)) }

    static func ack(received: UInt64, extra: UInt64, limit: UInt64 = 256 * 1024) -> [UInt8] {
        frame(0x05, varint(received) + varint(limit) + varint(extra))
    }

    static func close(_ number: UInt64, code: UInt64, reason: String) -> [UInt8] {
        frame(0x09, varint(number) + varint(code) + Array(reason.utf8))
    }

    /// OPENED as a server says it.
    static func opened(identifier: [UInt8], instance: [UInt8], received: UInt64 = 0) -> [UInt8] {
        var value = varint(1) + varint(16) + identifier + varint(0) + varint(8) + instance
        for number in [received, 256 * 1024, 65_536, 64, 15_000, 60_000, 0, 0] as [UInt64] { value += varint(number) }
        return frame(0x02, value)
    }

    static func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    static func bytes(base64URL text: String) -> [UInt8]? {
        let base64 = text.replacing("-", with: "+").replacing("_", with: "/")
        return Data(base64Encoded: base64 + String(repeating: "=", count: (4 - base64.count % 4) % 4)).map { Array($0) }
    }

    static func random(_ count: Int) -> [UInt8] { (0..<count).map { _ in .random(in: 0...255) } }

    static func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }

    /// CRC-32C (RFC 3720 appendix B.4), bit by bit.
    static func crc32c(_ bytes: [UInt8]) -> [UInt8] {
        var sum: UInt32 = 0xffff_ffff
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0x82f6_3b78 : sum >> 1 }
        }
        return Self.bytes(UInt64(sum ^ 0xffff_ffff), 4)
    }
}

/// OPEN, field by field.
struct WireOpen {
    var transport: UInt64
    var path: UInt64 = 1
    var identifier: [UInt8] = Wire.random(16)
    var token: [UInt8] = Wire.random(32)
    var instance: [UInt8] = []
    var using: UInt64 = 1
    var received: UInt64 = 0
    var parameters: [(key: String, value: String)] = []

    /// The whole frame.
    var bytes: [UInt8] {
        var value = Wire.varint(1) + Wire.varint(transport) + Wire.varint(path)
        for field in [identifier, token, instance] { value += Wire.varint(UInt64(field.count)) + field }
        for number in [using, received, 256 * 1024] as [UInt64] { value += Wire.varint(number) }
        for (key, text) in parameters { value += Self.parameter(key, text) }
        // Who asks for checksums says the sum of this.
        if parameters.contains(where: { $0.key == "checksum" }) {
            value += Self.parameter("sum", Wire.hex(Wire.crc32c(value)))
        }
        return Wire.frame(0x01, value)
    }

    private static func parameter(_ key: String, _ text: String) -> [UInt8] {
        [key, text].flatMap { Wire.varint(UInt64($0.utf8.count)) + Array($0.utf8) }
    }
}

/// One frame as it came.
struct WireFrame: Equatable, CustomStringConvertible {
    var type: UInt64
    var value: [UInt8]

    /// The whole frames at the start of `bytes`.
    static func all(in bytes: [UInt8]) -> [WireFrame] {
        var reader = WireReader(bytes)
        var frames: [WireFrame] = []
        while let type = reader.number(), let length = reader.number(), let value = reader.take(Int(length)) {
            frames.append(WireFrame(type: type, value: value))
        }
        return frames
    }

    private var numbers: [UInt64] {
        var reader = WireReader(value)
        var numbers: [UInt64] = []
        while let number = reader.number() { numbers.append(number) }
        return numbers
    }

    /// Of a numbered frame.
    var number: UInt64? { [0x03, 0x04, 0x09, 0x0a].contains(type) ? numbers.first : nil }
    /// What a message, text or fragment brings.
    var payload: [UInt8] {
        var reader = WireReader(value)
        _ = reader.number()
        return reader.rest
    }
    var text: String { String(decoding: payload, as: UTF8.self) }
    /// Of an ACK: received, limit, and read or using.
    var ack: [UInt64]? { type == 0x05 ? numbers : nil }
    /// Of CLOSE, behind its number, and of ABORT, behind what was received.
    var code: UInt64? { [0x09, 0x0c].contains(type) ? numbers.dropFirst().first : nil }

    /// Of OPENED: identifier, token and instance.
    var identity: (identifier: [UInt8], token: [UInt8], instance: [UInt8])? {
        var reader = WireReader(value)
        guard type == 0x02, reader.number() == 1, let identifier = reader.prefixed(), let token = reader.prefixed(),
            let instance = reader.prefixed()
        else { return nil }
        return (identifier, token, instance)
    }

    /// Of OPEN: transport, path, token, instance, using and received.
    var open:
        (transport: UInt64, path: UInt64, identifier: [UInt8], instance: [UInt8], using: UInt64, received: UInt64)?
    {
        var reader = WireReader(value)
        guard type == 0x01, reader.number() != nil, let transport = reader.number(), let path = reader.number(),
            let identifier = reader.prefixed(), reader.prefixed() != nil, let instance = reader.prefixed(),
            let using = reader.number(), let received = reader.number()
        else { return nil }
        return (transport, path, identifier, instance, using, received)
    }

    var description: String {
        let names: [UInt64: String] = [
            1: "OPEN", 2: "OPENED", 3: "MESSAGE", 4: "FRAGMENT", 5: "ACK", 6: "PING", 7: "PONG", 9: "CLOSE", 10: "TEXT",
            12: "ABORT",
        ]
        return "\(names[type] ?? "\(type)")\(number.map { " \($0)" } ?? "")"
    }
}

/// Takes numbers and fields off the front of bytes.
private struct WireReader {
    private(set) var rest: [UInt8]

    init(_ bytes: [UInt8]) { rest = bytes }

    mutating func number() -> UInt64? {
        guard let first = rest.first, let bytes = take(1 << Int(first >> 6)) else { return nil }
        return bytes.dropFirst().reduce(UInt64(bytes[0] & 0x3f)) { $0 << 8 | UInt64($1) }
    }

    mutating func take(_ count: Int) -> [UInt8]? {
        guard rest.count >= count else { return nil }
        defer { rest.removeFirst(count) }
        return Array(rest.prefix(count))
    }

    mutating func prefixed() -> [UInt8]? { number().flatMap { take(Int($0)) } }
}
