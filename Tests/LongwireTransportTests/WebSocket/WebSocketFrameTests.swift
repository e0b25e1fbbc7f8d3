import NIOCore
import Testing

@testable import LongwireTransport

/// The frames of RFC 6455, section 5, both ways.
@Suite("WebSocket frames")
struct WebSocketFrameTests {
    /// What a decoder made of bytes that came in pieces of this size.
    private struct Heard: Equatable {
        var data: [UInt8] = []
        var controls: [WebSocketDecoder.Control] = []
        var fault: WebSocketFault?

        init(_ bytes: [UInt8], isClient: Bool, piece: Int = .max) {
            var decoder = WebSocketDecoder(isClient: isClient)
            var rest = bytes[...]
            do throws(WebSocketFault) {
                while !rest.isEmpty {
                    var input = ByteBuffer(bytes: rest.prefix(piece))
                    rest = rest.dropFirst(piece)
                    var more = ByteBuffer()
                    defer { data += more.readableBytesView }
                    while let control = try decoder.next(&input, data: &more) { controls.append(control) }
                }
            } catch {
                fault = error
            }
        }
    }

    private static func payload(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) } }

    private static func frame(_ opcode: UInt8, _ payload: [UInt8], isClient: Bool) -> [UInt8] {
        var buffer = ByteBuffer()
        WebSocketEncoder(isClient: isClient).write(opcode, ByteBuffer(bytes: payload), to: &buffer)
        return Array(buffer.readableBytesView)
    }

    @Test("The RFC's examples (section 5.7) are read as it says")
    func examples() {
        let hello = Array("Hello".utf8)
        let ping = Heard([0x89, 0x05] + hello, isClient: true)
        #expect(ping.controls == [.ping(ByteBuffer(bytes: hello))])
        let pong = Heard([0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58], isClient: false)
        #expect(pong.controls == [.pong])
        // The masked "Hello" of the section, as binary.
        let masked = Heard([0x82, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58], isClient: false)
        #expect(masked.data == hello)
        let fragments = Heard([0x02, 0x03] + hello.prefix(3) + [0x80, 0x02] + hello.suffix(2), isClient: true)
        #expect(fragments.data == hello)
        let quarter = Self.payload(256)
        #expect(Heard([0x82, 0x7E, 0x01, 0x00] + quarter, isClient: true).data == quarter)
        let great = Self.payload(65536)
        #expect(Heard([0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0] + great, isClient: true).data == great)
    }

    @Test("What was written is read, in one piece and in any", arguments: [0, 1, 7, 125, 126, 127, 4000, 65535, 65536])
    func roundTrip(count: Int) {
        let payload = Self.payload(count)
        for isClient in [false, true] {
            let ping = Array(payload.prefix(125))
            let bytes =
                Self.frame(0x2, payload, isClient: isClient) + Self.frame(0x9, ping, isClient: isClient)
                + Self.frame(0x2, payload, isClient: isClient) + Self.frame(0x8, [3, 232], isClient: isClient)
            // Two bytes, and the key of a client; two or eight bytes more where it is long.
            let head = 2 + (isClient ? 4 : 0) + (count < 126 ? 0 : count < 65536 ? 2 : 8)
            #expect(Self.frame(0x2, payload, isClient: isClient).count == head + count)
            for piece in [1, 2, 3, 5, 8, 13, 1000, Int.max] where piece > 1 || count < 5000 {
                let heard = Heard(bytes, isClient: !isClient, piece: piece)
                #expect(heard.data == payload + payload, "\(piece)")
                #expect(heard.controls == [.ping(ByteBuffer(bytes: ping)), .close], "\(piece)")
                #expect(heard.fault == nil, "\(piece)")
            }
        }
    }

    @Test("A client's bytes do not stand in its frames, and each frame has another key")
    func masks() {
        let payload = [UInt8](repeating: 0, count: 64)
        let frames = Set((0..<8).map { _ in Self.frame(0x2, payload, isClient: true) })
        #expect(frames.count == 8)
        #expect(Self.frame(0x2, payload, isClient: false).suffix(64) == payload[...])
    }

    @Test(
        "What no client may send ends a WebSocket, and what came before it counts",
        arguments: [
            ([0x82, 0x01, 0x41], WebSocketFault.protocolError),  // not masked
            ([0xC2, 0x80, 0, 0, 0, 0], .protocolError),  // a bit of an extension
            ([0x80, 0x80, 0, 0, 0, 0], .protocolError),  // a continuation of nothing
            ([0x02, 0x80, 0, 0, 0, 0, 0x82, 0x80, 0, 0, 0, 0], .protocolError),  // a message within a message
            ([0x83, 0x80, 0, 0, 0, 0], .protocolError),  // a reserved opcode
            ([0x09, 0x80, 0, 0, 0, 0], .protocolError),  // a ping in fragments
            ([0x89, 0xFE, 0, 126, 0, 0, 0, 0], .protocolError),  // a ping too long
            ([0x81, 0x81, 0, 0, 0, 0, 0x41], .unacceptableData),  // text
            ([0x82, 0xFF, 0, 0, 0, 0, 0, 5, 0, 1, 0, 0, 0, 0], .messageTooLarge),  // 320 KiB and a byte
            ([0x82, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0], .messageTooLarge),
        ] as [([UInt8], WebSocketFault)])
    func faults(bytes: [UInt8], fault: WebSocketFault) {
        let before = Self.frame(0x2, [1, 2, 3], isClient: true)
        for piece in [1, Int.max] {
            let heard = Heard(before + bytes, isClient: false, piece: piece)
            #expect(heard.fault == fault)
            #expect(heard.data == [1, 2, 3])
        }
    }

    @Test("A server's frames are not masked")
    func maskedServer() {
        #expect(Heard([0x82, 0x80, 0, 0, 0, 0], isClient: true).fault == .protocolError)
    }
}
