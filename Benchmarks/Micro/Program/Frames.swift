import LongwireProtocol
import LongwireTransport
import NIOCore

extension Operation {
    /// Frames, and the events of the plain form.
    static var frames: [Operation] { [frameDecode, frameDecodeChecked, frameEncode, acknowledgement, event] }

    private static let payload = ByteBuffer(repeating: UInt8(ascii: "m"), count: 64)

    private static func messages(_ count: Int, checksum: Bool) -> ByteBuffer {
        var bytes = ByteBuffer()
        for number in 1...count {
            let frame = NumberedFrame(number: UInt64(number), content: .message(payload))
            FrameEncoder.write(.numbered(frame), checksum: checksum, to: &bytes)
        }
        return bytes
    }

    /// MESSAGE, one of sixteen in a read.
    private static var frameDecode: Operation { decode("frame-decode", checksum: false) }

    /// The same with a checksum.
    private static var frameDecodeChecked: Operation { decode("frame-decode-checked", checksum: true) }

    private static func decode(_ name: String, checksum: Bool) -> Operation {
        Operation(name: name, each: 16) { _ in
            let read = messages(16, checksum: checksum)
            var decoder = FrameDecoder(checksum: checksum)
            return { _ in
                decoder.append(read)
                for _ in 0..<16 { _ = must(try? decoder.next(), "no frame") }
                decoder.readCompleted()
            }
        }
    }

    /// MESSAGE into a buffer that is there.
    private static var frameEncode: Operation {
        Operation(name: "frame-encode", each: 16) { _ in
            var buffer = ByteBuffer()
            return { _ in
                buffer.clear()
                payload.withUnsafeReadableBytes { payload in
                    for number in 1...16 as ClosedRange<UInt64> {
                        FrameEncoder.writeData(type: 3, number: number, payload: payload, checksum: false, to: &buffer)
                    }
                }
            }
        }
    }

    /// ACK, out and in.
    private static var acknowledgement: Operation {
        Operation(name: "ack") { _ in
            var buffer = ByteBuffer()
            var decoder = FrameDecoder()
            return { round in
                buffer.clear()
                FrameEncoder.writeAck(AckFrame(received: UInt64(round), limit: 262_144, extra: 1), to: &buffer)
                decoder.append(buffer)
                _ = must(try? decoder.next(), "no frame")
                decoder.readCompleted()
            }
        }
    }

    /// A Server-Sent Event with a text of 64 bytes.
    private static var event: Operation {
        Operation(name: "event-encode") { _ in
            var buffer = ByteBuffer()
            return { _ in
                buffer.clear()
                EventStream.write(
                    name: nil, id: "00112233445566778899aabbccddeeff:17", data: payload.readableBytesView, to: &buffer)
            }
        }
    }
}
