import NIOCore
import Testing

@testable import LongwireProtocol

@Suite("FrameDecoder")
struct FrameDecoderTests {
    private func decode(_ pieces: [ByteBuffer], checksum: Bool = false) throws(FrameError) -> [Frame] {
        var decoder = FrameDecoder(checksum: checksum)
        var frames: [Frame] = []
        for piece in pieces {
            decoder.append(piece)
            while let frame = try decoder.next() { frames.append(frame) }
            decoder.readCompleted()
        }
        return frames
    }

    private func pieces(_ buffer: ByteBuffer, of size: Int) -> [ByteBuffer] {
        var rest = buffer
        var pieces: [ByteBuffer] = []
        while let piece = rest.readSlice(length: min(size, rest.readableBytes)), piece.readableBytes > 0 {
            pieces.append(piece)
        }
        return pieces
    }

    // R: D7
    @Test("Reads back every frame as it was written, 62-bit integers in every field", arguments: [false, true])
    func roundTrip(checksum: Bool) throws {
        let frames = FrameSamples.all
        #expect(try decode([FrameSamples.encoded(frames, checksum: checksum)], checksum: checksum) == frames)
    }

    @Test("Reads the same frames byte by byte and in pieces of any size", arguments: [1, 2, 3, 7, 64, 1000, 16_390])
    func inPieces(size: Int) throws {
        let frames = FrameSamples.all
        #expect(try decode(pieces(FrameSamples.encoded(frames), of: size)) == frames)
    }

    @Test("Reads the same frames wherever a read ends")
    func everySplit() throws {
        let frames: [Frame] = FrameSamples.all.filter {
            if case .numbered(let frame) = $0, case .fragment = frame.content { false } else { true }
        }
        let whole = FrameSamples.encoded(frames)
        for border in 0...whole.readableBytes {
            let first = whole.getSlice(at: 0, length: border) ?? ByteBuffer()
            let second = whole.getSlice(at: border, length: whole.readableBytes - border) ?? ByteBuffer()
            #expect(try decode([first, second]) == frames)
        }
    }

    // R: C4
    @Test("Drops PAD and unknown types as they arrive, across reads, and keeps nothing of them")
    func skipping() throws {
        let ack = Frame.ack(AckFrame(received: 1, limit: 2, extra: 3))
        for type in [FrameType.pad, 0, 0x0d, 0x3f, 0x40, VarInt.maximum] {
            for size in [0, 1, 300, FrameLimits.value] {
                var buffer = FrameSamples.raw(type, Array(repeating: 9, count: size))
                FrameEncoder.write(ack, to: &buffer)
                for pieceSize in [1, 5, 70_000] { #expect(try decode(pieces(buffer, of: pieceSize)) == [ack]) }
            }
        }
        var decoder = FrameDecoder()
        decoder.append(FrameSamples.raw(FrameType.pad, [1, 2, 3], length: 4000))
        #expect(try decoder.next() == nil)
        #expect(decoder.isInsideFrame == true)
        #expect(decoder.skippedFrames == 1)
    }

    @Test("Refuses a longer value than 16 KiB + 64, whatever its type", arguments: [1, 3, 8, 99, VarInt.maximum])
    func tooLong(type: UInt64) {
        for length in [UInt64(FrameLimits.value) + 1, 1 << 32, VarInt.maximum] {
            #expect(throws: FrameError.tooLong(type: type, length: length)) {
                try decode([FrameSamples.raw(type, [], length: length)])
            }
            #expect(throws: FrameError.tooLong(type: type, length: length)) {
                try decode(pieces(FrameSamples.raw(type, [], length: length), of: 1))
            }
        }
    }

    @Test("Refuses a payload of more than 16 KiB in a frame that is not too long")
    func payloadTooLong() {
        let value = [UInt8](repeating: 1, count: 1 + FrameLimits.payload + 1)
        #expect(throws: FrameError.self) { try decode([FrameSamples.raw(FrameType.message, value)]) }
    }

    @Test("Refuses every frame of which the value is cut short, or goes on")
    func malformed() {
        let tails: Set<UInt64> = [
            FrameType.message, FrameType.text, FrameType.fragment, FrameType.close, FrameType.abort,
        ]
        for frame in FrameSamples.all {
            var buffer = FrameSamples.encoded([frame])
            guard let header = buffer.withUnsafeReadableBytes({ FrameHeader(reading: $0) }) else { continue }
            buffer.moveReaderIndex(forwardBy: header.size)
            let value = Array(buffer.readableBytesView)
            for length in 0..<min(value.count, 200) {
                // Must not trap; where the cut falls between fields that may be missing, it is a frame.
                _ = try? decode([FrameSamples.raw(header.type, Array(value.prefix(length)))])
            }
            #expect(throws: FrameError.self, "\(frame)") {
                if header.type == FrameType.ping || header.type == FrameType.pong {
                    _ = try decode([FrameSamples.raw(header.type, Array(repeating: 0, count: 9))])
                } else {
                    _ = try decode([FrameSamples.raw(header.type, tails.contains(header.type) ? [] : value + [0xff])])
                }
            }
        }
    }

    @Test("Refuses number 0, path 0, an unknown transport, a reason that is too long or no UTF-8")
    func refused() {
        let bad: [(UInt64, [UInt8])] = [
            (FrameType.message, [0, 1]), (FrameType.close, [0, 0]), (FrameType.open, [1, 1, 0, 0, 0, 0, 0, 0, 0]),
            (FrameType.open, [1, 7, 1, 0, 0, 0, 0, 0, 0]), (FrameType.open, [1, 1, 1, 15, 0, 0, 0, 0, 0]),
            (FrameType.close, [1, 0] + Array(repeating: 65, count: 257)), (FrameType.close, [1, 0, 0xff]),
            (FrameType.abort, [1, 0] + Array(repeating: 65, count: 257)), (FrameType.abort, [1, 0, 0xc3]),
            (FrameType.going, [0, 0]), (FrameType.ack, [1, 2]), (FrameType.ack, [1, 2, 3, 4]),
        ]
        for (type, value) in bad {
            #expect(throws: FrameError.self, "type \(type) \(value.prefix(4))") {
                try decode([FrameSamples.raw(type, value)])
            }
        }
    }

    @Test("Takes 32 parameters of 4 KiB in all, and no more")
    func parameters() throws {
        func open(_ parameters: [Parameter]) -> Frame {
            .open(
                OpenFrame(
                    transport: .tcp, path: 1, identifier: nil, token: nil, instance: nil, using: 0, received: 0,
                    limit: 0, parameters: parameters))
        }
        let most = open((0..<32).map { Parameter("k\($0)", "v") })
        #expect(try decode([FrameSamples.encoded([most])]) == [most])
        let tooLarge = open([Parameter("k", String(repeating: "v", count: 4097))])
        #expect(throws: FrameError.self) { try decode([FrameSamples.encoded([tooLarge])]) }
        var value: [UInt8] = [1, 1, 1, 0, 0, 0, 0, 0, 0]
        for _ in 0..<33 { value += [0, 0] }
        #expect(throws: FrameError.self) { try decode([FrameSamples.raw(FrameType.open, value)]) }
    }

    // R: B4
    @Test(
        "A checksum notices every changed bit of a frame, its type and length included",
        arguments: [
            Frame.numbered(NumberedFrame(number: 300, content: .message(ByteBuffer(string: "payload")))),
            .numbered(NumberedFrame(number: 7, content: .fragment(ByteBuffer(string: "a part")))),
            .numbered(NumberedFrame(number: 9, content: .close(.done, reason: "enough"))),
            .ack(AckFrame(received: 5, limit: 70_000, extra: 1)), .ping(PingPayload(bytes: 77, count: 4)),
            .going(.goingAway),
        ])
    func checksum(frame: Frame) throws {
        let whole = FrameSamples.encoded([frame], checksum: true)
        #expect(try decode([whole], checksum: true) == [frame])
        for index in 0..<whole.readableBytes {
            for bit in 0..<8 {
                var changed = whole
                let byte = whole.getInteger(at: index, as: UInt8.self) ?? 0
                changed.setInteger(byte ^ (1 << bit), at: index)
                // What became a frame that is dropped, or a longer one, is missed at the next one.
                let read = (try? decode([changed], checksum: true)) ?? []
                #expect(read.isEmpty, "bit \(bit) of byte \(index)")
                if index >= 2 { #expect(throws: FrameError.checksum) { try decode([changed], checksum: true) } }
            }
        }
    }

    @Test("No changed bit of an OPEN that wishes for checksums changes what it says")
    func summedOpen() throws {
        let open = OpenFrame(
            transport: .duplex, path: 3, identifier: FrameSamples.identifier, token: FrameSamples.token, instance: nil,
            using: 3, received: 70, limit: 4000, parameters: [Parameter(Parameter.checksum, Parameter.crc32c)])
        let whole = FrameSamples.encoded([.open(open)])
        #expect(try decode([whole]) == [.open(open)])
        for index in 0..<whole.readableBytes {
            for bit in 0..<8 {
                var changed = whole
                let byte = whole.getInteger(at: index, as: UInt8.self) ?? 0
                changed.setInteger(byte ^ (1 << bit), at: index)
                guard case .open(var read)? = try? decode([changed]).first else { continue }
                // The key of the checksum itself may have changed: an unknown one counts for nothing.
                read.parameters.removeAll { $0.key != Parameter.checksum }
                #expect(read == open, "bit \(bit) of byte \(index)")
            }
        }
    }

    @Test("A payload is a slice of what was read, not a copy")
    func noCopy() throws {
        let frame = Frame.numbered(NumberedFrame(number: 1, content: .message(ByteBuffer(repeating: 1, count: 5000))))
        let whole = FrameSamples.encoded([frame])
        guard case .numbered(let read) = try decode([whole]).first, case .message(let payload) = read.content else {
            Issue.record("no message")
            return
        }
        #expect(payload.storageCapacity == whole.storageCapacity)
    }

    @Test(
        "A reason is cut between characters to 256 bytes, also where one character has hundreds of marks",
        arguments: [String(repeating: "ä", count: 500), "e" + String(repeating: "\u{301}", count: 200)])
    func longReason(_ reason: String) throws {
        let abort = Frame.abort(AbortFrame(received: 0, code: .done, reason: reason))
        guard case .abort(let read) = try decode([FrameSamples.encoded([abort])]).first else {
            Issue.record("no ABORT")
            return
        }
        #expect(read.reason.utf8.count <= 256)
        #expect(read.reason.utf8.count > 200)
        #expect(reason.unicodeScalars.starts(with: read.reason.unicodeScalars))
    }

    // R: D7
    @Test("A frame is laid out as the capsules of RFC 9297: type, length, value")
    func layout() {
        let frames: [Frame] = [
            .numbered(NumberedFrame(number: 1, content: .message(ByteBuffer(string: "hi")))),
            .ack(AckFrame(received: 100, limit: 2, extra: 3)),
            .numbered(NumberedFrame(number: 2, content: .close(.done, reason: ""))),
        ]
        let expected: [UInt8] = [3, 3, 1, 0x68, 0x69, 5, 4, 0x40, 0x64, 2, 3, 9, 2, 2, 0]
        #expect(Array(FrameSamples.encoded(frames).readableBytesView) == expected)
    }
}
