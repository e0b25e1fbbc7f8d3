import LongwireProtocol
import NIOCore
import Testing

@testable import LongwireTransport

@Suite("Messages in a stream of bytes")
struct MessageFramingTests {
    @Test("What is encoded is decoded, however the stream is cut", arguments: MessageFraming.allCases, 1...9)
    func roundTrip(framing: MessageFraming, piece: Int) throws {
        let payloads = ["", "a", "hello world!", "\r", "grüße", String(repeating: "x", count: 300), ",", "4:"]
        var stream = ByteBuffer()
        for payload in payloads { try framing.encode(ByteBuffer(string: payload), into: &stream) }
        try framing.encode(ByteBuffer(bytes: [0xff, 0x00, 0xfe]), into: &stream)

        var decoder = MessageDecoder(framing, limit: 300)
        var messages: [Message] = []
        while let part = stream.readSlice(length: min(piece, stream.readableBytes)), part.readableBytes > 0 {
            decoder.append(part)
            while let message = try decoder.next() { messages.append(message) }
        }
        #expect(try decoder.finish() == nil)
        #expect(messages == payloads.map { Message($0) } + [Message(ByteBuffer(bytes: [0xff, 0x00, 0xfe]))])
    }

    @Test("Each framing looks as documented")
    func bytes() throws {
        let message = ByteBuffer(string: "hello world!")
        for (framing, expected) in [
            (.lines, Array("hello world!\n".utf8)), (.netstring, Array("12:hello world!,".utf8)),
            (.length, [0, 0, 0, 12] + Array("hello world!".utf8)),
        ] as [(MessageFraming, [UInt8])] {
            var buffer = ByteBuffer()
            try framing.encode(message, into: &buffer)
            #expect(Array(buffer.readableBytesView) == expected)
        }
    }

    @Test("A message with a newline is refused as a line, and nothing of it appended")
    func newline() throws {
        var buffer = ByteBuffer(string: "before\n")
        #expect(throws: FramingError.newline) {
            try MessageFraming.lines.encode(ByteBuffer(string: "one\ntwo"), into: &buffer)
        }
        #expect(String(buffer: buffer) == "before\n")
        try MessageFraming.netstring.encode(ByteBuffer(string: "one\ntwo"), into: &buffer)
        #expect(String(buffer: buffer) == "before\n7:one\ntwo,")
    }

    @Test("A last line needs no line feed; in the other framings something is missing")
    func unfinished() throws {
        var decoder = MessageDecoder(.lines, limit: 10)
        #expect(try decoder.all("one\ntwo") == [Message("one")])
        #expect(try decoder.finish() == Message("two"))
        for (framing, rest) in [(.netstring, "3:ab"), (.netstring, "1"), (.length, "\0\0\0\u{2}a"), (.length, "\0")]
            as [(MessageFraming, String)]
        {
            var decoder = MessageDecoder(framing, limit: 10)
            #expect(try decoder.all(rest) == [])
            #expect(throws: FramingError.unfinished(rest.utf8.count)) { try decoder.finish() }
        }
    }

    @Test("What is longer than the limit is an error before it has all come", arguments: MessageFraming.allCases)
    func limit(framing: MessageFraming) throws {
        var buffer = ByteBuffer()
        try framing.encode(ByteBuffer(string: "12345"), into: &buffer)
        var exact = MessageDecoder(framing, limit: 5)
        exact.append(buffer)
        #expect(try exact.next() == Message("12345"))
        var short = MessageDecoder(framing, limit: 4)
        // All but the end of the message.
        short.append(try #require(buffer.getSlice(at: 0, length: buffer.readableBytes - 1)))
        let error = #expect(throws: FramingError.self) { try short.next() }
        #expect(error?.description.contains("limit of 4 bytes") == true)
    }

    @Test(
        "What is no netstring is said to be none",
        arguments: [
            ("hello", "\"h\" in the place of a digit"), (":", "\":\" in the place of a digit"),
            ("03:abc,", "begins with a zero"), ("3;abc,", "\";\" in the place of a digit or a colon"),
            ("3:abc\n", "after 3 bytes stands the byte 10 in the place of a comma"), ("-1:,", "\"-\""),
        ])
    func notNetstring(stream: String, why: String) throws {
        var decoder = MessageDecoder(.netstring, limit: 100)
        let error = #expect(throws: FramingError.self) { try decoder.all(stream) }
        #expect(error?.description.contains(why) == true)
    }

    @Test("Any number of digits is refused by the limit, not by arithmetic")
    func manyDigits() {
        var decoder = MessageDecoder(.netstring, limit: 1_000_000)
        #expect(throws: FramingError.tooLong(size: nil, limit: 1_000_000)) {
            try decoder.all(String(repeating: "9", count: 200))
        }
    }

    @Test("A stream that never pauses between messages is not kept")
    func noGrowth() throws {
        var decoder = MessageDecoder(.lines, limit: 100)
        decoder.append(ByteBuffer(string: "begin"))
        var count = 0
        for _ in 0..<10_000 {
            #expect(try decoder.next() == nil)
            decoder.append(ByteBuffer(string: "of a line\nand half"))
            while try decoder.next() != nil { count += 1 }
        }
        #expect(count == 10_000)
        #expect(decoder.capacity < 1000)
    }
}

extension MessageDecoder {
    fileprivate mutating func all(_ text: String) throws -> [Message] {
        append(ByteBuffer(string: text))
        var messages: [Message] = []
        while let message = try next() { messages.append(message) }
        return messages
    }
}
