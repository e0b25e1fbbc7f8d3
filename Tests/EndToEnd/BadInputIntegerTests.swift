import LongwireProtocol
import NIOCore
import TestSupport
import Testing

/// Integers of up to 62 bits in every field of every frame.
@Suite struct BadInputIntegerTests {
    private static let values: [UInt64] = [VarInt.maximum, VarInt.maximum - 1, 1 << 61, 1 << 32, (1 << 31) - 1, 0]

    /// A frame as a list of fields: integers, and bytes as they are.
    private enum Field {
        case integer(UInt64)
        case bytes([UInt8])
    }

    private static func frame(_ type: UInt64, _ fields: [Field]) -> [UInt8] {
        var value = ByteBuffer()
        for field in fields {
            switch field {
            case .integer(let number): value.writeVarInt(number)
            case .bytes(let bytes): value.writeBytes(bytes)
            }
        }
        var buffer = ByteBuffer()
        buffer.writeVarInt(type)
        buffer.writeVarInt(UInt64(value.readableBytes))
        buffer.writeBuffer(&value)
        return Array(buffer.readableBytesView)
    }

    /// Every frame with each of its integers, one after the other, at every value.
    private static func frames() -> [[UInt8]] {
        let shapes: [(UInt64, [Field])] = [
            (FrameType.message, [.integer(1), .bytes([1, 2, 3])]),
            (FrameType.fragment, [.integer(1), .bytes([1, 2, 3])]),
            (FrameType.text, [.integer(1), .bytes(Array("abc".utf8))]),
            (FrameType.close, [.integer(1), .integer(0), .bytes(Array("bye".utf8))]),
            (FrameType.ack, [.integer(0), .integer(0), .integer(1)]),
            (FrameType.going, [.integer(1)]),
            (FrameType.abort, [.integer(0), .integer(0), .bytes(Array("no".utf8))]),
            (FrameType.ping, [.integer(7)]),
            (FrameType.pong, [.integer(7)]),
            (FrameType.pad, [.integer(7)]),
            (FrameType.opened, [.integer(1), .bytes([16] + [UInt8](repeating: 1, count: 16)), .integer(0)]),
        ]
        var frames: [[UInt8]] = []
        for value in values {
            for (type, fields) in shapes {
                for (place, field) in fields.enumerated() {
                    guard case .integer = field else { continue }
                    var changed = fields
                    changed[place] = .integer(value)
                    frames.append(frame(type, changed))
                }
                // A length that lies.
                var buffer = ByteBuffer()
                buffer.writeVarInt(type)
                buffer.writeVarInt(value)
                buffer.writeString("there is no such amount of bytes behind this")
                frames.append(Array(buffer.readableBytesView))
            }
            frames.append(frame(max(value, 64), [.bytes([1])]))
        }
        return frames
    }

    /// OPEN with one of its integers at every value.
    private static func opens() -> [[UInt8]] {
        var opens: [[UInt8]] = []
        let random = { (count: Int) in [UInt8(count)] + (0..<count).map { _ in UInt8.random(in: 0...255) } }
        for value in values {
            for place in 0..<9 {
                var fields: [Field] = [
                    .integer(1), .integer(1), .integer(1), .bytes(random(16)), .bytes(random(32)), .bytes([0]),
                    .integer(1), .integer(0), .integer(262_144),
                ]
                fields[place] = .integer(value)
                opens.append(frame(FrameType.open, fields))
            }
            for lying in [[Field.integer(value)], [.integer(1), .bytes([65]), .integer(value)]] {
                opens.append(
                    frame(
                        FrameType.open,
                        [
                            .integer(1), .integer(1), .integer(1), .bytes(random(16)), .bytes(random(32)), .bytes([0]),
                            .integer(1), .integer(0), .integer(262_144),
                        ] + lying))
            }
        }
        return opens
    }

    // R: D2, D9
    @Test(arguments: [true, false]) func noIntegerOfAFrameStopsTheServer(throughNginx: Bool) async throws {
        let site = try await BadInputSite()
        let port = throughNginx ? site.nginx.port : site.httpPort
        var aborted = 0
        let frames = Self.frames()
        for bytes in frames {
            let transaction = try await BadInputTransaction.opened(port: port, BadInputIdentity().open())
            try await transaction.send(bytes)
            try await transaction.endBody()
            // Whatever it was: the response comes to its end, for some with ABORT before.
            aborted += try await transaction.abort() == nil ? 0 : 1
            guard site.longwired.isRunning else { break }
        }
        #expect(site.longwired.isRunning, "\(site.longwired.report)")
        #expect(aborted > 0 && aborted < frames.count, "\(aborted) of \(frames.count)")
        try await site.expectUndisturbed()
    }

    // R: D2, D9
    @Test(arguments: [true, false]) func noIntegerOfAnOPENStopsTheServer(throughNginx: Bool) async throws {
        let site = try await BadInputSite()
        let port = throughNginx ? site.nginx.port : site.httpPort
        var accepted = 0
        for bytes in Self.opens() {
            let transaction = try await BadInputTransaction(port: port)
            try await transaction.send(bytes)
            try await transaction.endBody()
            // OPENED, ABORT or a problem; then the end, since the body has ended.
            let opened: OpenedFrame?
            do { opened = try await transaction.opened() } catch {
                Issue.record("no answer to \(bytes)")
                break
            }
            accepted += opened == nil ? 0 : 1
            let isAnswered =
                transaction.head.hasPrefix("HTTP/1.1 200") || transaction.head.hasPrefix("HTTP/1.1 400")
            #expect(isAnswered, "\(bytes): \(transaction.head)")
            guard site.longwired.isRunning else { break }
        }
        #expect(accepted > 0)
        #expect(site.longwired.isRunning, "\(site.longwired.report)")
        try await site.expectUndisturbed()
    }
}
