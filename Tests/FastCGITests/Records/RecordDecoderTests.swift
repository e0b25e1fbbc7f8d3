import NIOCore
import NIOTestUtils
import Testing

@testable import FastCGI

@Suite struct RecordDecoderTests {
    /// Feeds the chunks and lists the records.
    private func decode(_ chunks: [[UInt8]]) -> (records: [WireRecord], decoder: RecordDecoder, wrong: UInt8?) {
        var decoder = RecordDecoder()
        var records: [WireRecord] = []
        for chunk in chunks {
            var buffer = ByteBuffer(bytes: chunk)
            loop: while true {
                switch decoder.next(from: &buffer) {
                case .record(let header, let content):
                    records.append(
                        WireRecord(
                            type: header.type.rawValue, id: header.requestID, content: Array(content.readableBytesView))
                    )
                case .needsMore: break loop
                case .wrongVersion(let version): return (records, decoder, version)
                }
            }
            #expect(buffer.readableBytes == 0)
        }
        return (records, decoder, nil)
    }

    private static let sample =
        Wire.begin() + Wire.params(content: 300, padding: 5) + Wire.stdin(7, "hello", padding: 3) + Wire.stdin(7)
        + Wire.record(5, 9, [UInt8](repeating: 65, count: 65535), padding: 255) + Wire.abort(9)

    @Test func recordsComeOutAsTheyWentIn() {
        let (records, decoder, _) = self.decode([Self.sample])
        #expect(records.map(\.type) == [1, 4, 5, 5, 5, 2])
        #expect(records.map(\.content.count) == [8, 300, 5, 0, 65535, 0])
        #expect(records[2].text == "hello")
        #expect(!decoder.isWithinRecord)
        #expect(decoder.bufferedBytes == 0)
    }

    @Test func bytesOneByOneGiveTheSameRecords() {
        let whole = self.decode([Self.sample]).records
        #expect(self.decode(Self.sample.map { [$0] }).records == whole)
    }

    @Test func everyCutGivesTheSameRecords() {
        let bytes = Wire.begin() + Wire.stdin(1, "abc", padding: 5) + Wire.stdin(1)
        let whole = self.decode([bytes]).records
        for cut in 0...bytes.count {
            #expect(self.decode([Array(bytes[..<cut]), Array(bytes[cut...])]).records == whole)
        }
    }

    @Test func contentIsGivenOutBeforeItsPaddingHasCome() {
        let bytes = Wire.stdin(1, "abc", padding: 200)
        let (records, decoder, _) = self.decode([Array(bytes.prefix(11))])
        #expect(records.map(\.text) == ["abc"])
        #expect(decoder.isWithinRecord)
        #expect(decoder.bufferedBytes == 0)
    }

    @Test func aWholeRecordIsASliceOfTheReadAndNotACopy() throws {
        var buffer = ByteBuffer(bytes: Wire.stdin(1, "abc"))
        let before = buffer.storageAddress
        var decoder = RecordDecoder()
        guard case .record(_, let content) = decoder.next(from: &buffer) else {
            Issue.record("no record")
            return
        }
        #expect(content.storageAddress == before + 8)
    }

    @Test func aPartialRecordHoldsNoMoreThanItself() {
        let bytes = Wire.record(5, 1, [UInt8](repeating: 1, count: 60000))
        let (_, decoder, _) = self.decode([Array(bytes.prefix(100))])
        #expect(decoder.bufferedBytes == 100)
    }

    @Test func aWrongVersionIsSeenAtOnceAndInTheMiddle() {
        #expect(self.decode([[7]]).wrong == 7)
        let (records, _, wrong) = self.decode([Wire.begin() + [0, 1, 2]])
        #expect(records.count == 1)
        #expect(wrong == 0)
    }
}

extension Wire {
    fileprivate static func params(content: Int, padding: Int) -> [UInt8] {
        self.params(1, [UInt8](repeating: 7, count: content), padding: padding)
    }
}

extension ByteBuffer {
    /// Where the first readable byte lies.
    fileprivate var storageAddress: UInt {
        self.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
    }
}
