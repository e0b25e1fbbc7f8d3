import NIOCore
import Testing

@testable import LongwireProtocol

@Suite("VarInt")
struct VarIntTests {
    static let borders: [UInt64] = [
        0, 1, 63, 64, 65, 16_383, 16_384, 16_385, (1 << 30) - 1, 1 << 30, (1 << 30) + 1, (1 << 62) - 2, (1 << 62) - 1,
    ]

    @Test("Writes what NIO's QUIC strategy writes, in every size and at every border", arguments: borders)
    func equalToNIO(value: UInt64) {
        var ours = ByteBuffer()
        ours.writeVarInt(value)
        var theirs = ByteBuffer()
        theirs.writeEncodedInteger(value, strategy: .quic)
        #expect(ours == theirs)
        #expect(ours.readableBytes == VarInt.size(value))
        #expect(theirs.readVarInt() == value)
        #expect(ours.readEncodedInteger(as: UInt64.self, strategy: .quic) == value)
    }

    @Test("Writes and reads every power of two and its neighbours")
    func powers() {
        for bit in 0..<62 {
            for value: UInt64 in [1 << bit, (1 << bit) - 1, (1 << bit) | 1] {
                var buffer = ByteBuffer()
                buffer.writeVarInt(value)
                #expect(buffer.readVarInt() == value)
                #expect(buffer.readableBytes == 0)
            }
        }
    }

    @Test(
        "A value beyond 62 bits is written as the greatest, without a trap", arguments: [UInt64(1) << 62, UInt64.max])
    func beyond(value: UInt64) {
        var buffer = ByteBuffer()
        buffer.writeVarInt(value)
        #expect(buffer.readVarInt() == VarInt.maximum)
    }

    @Test("An integer cut short is no integer, and stays in the buffer")
    func cutShort() {
        for value in Self.borders {
            var whole = ByteBuffer()
            whole.writeVarInt(value)
            for length in 0..<whole.readableBytes {
                var part = whole.getSlice(at: 0, length: length) ?? ByteBuffer()
                #expect(part.readVarInt() == nil)
                #expect(part.readableBytes == length)
            }
        }
    }

    @Test("Longer forms than needed are read too")
    func longForms() {
        var buffer = ByteBuffer(bytes: [0x40, 0x25, 0x80, 0, 0, 0x25, 0xc0, 0, 0, 0, 0, 0, 0, 0x25])
        #expect(buffer.readVarInt() == 0x25)
        #expect(buffer.readVarInt() == 0x25)
        #expect(buffer.readVarInt() == 0x25)
    }
}
