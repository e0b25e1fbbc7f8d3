import NIOCore
import Testing

@testable import FastCGI

@Suite struct NameValuePairsTests {
    private let limits = NameValuePairs.Limits(nameBytes: 1000, valueBytes: 5000, pairs: 10)

    private func decode(_ bytes: [UInt8]) throws(NameValuePairs.Failure) -> [String: String] {
        let buffer = ByteBuffer(bytes: bytes)
        let parameters = FastCGIParameters(
            buffer: buffer, pairs: try NameValuePairs.decode(buffer, limits: self.limits))
        return Dictionary(parameters.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    @Test(arguments: [0, 1, 127, 128, 129, 900]) func lengthsOfOneAndFourOctetsAreRead(length: Int) throws {
        let name = String(repeating: "N", count: max(1, length))
        let value = String(repeating: "v", count: length * 5)
        #expect(try self.decode(Wire.pairs([(name, value), ("A", "b")])) == [name: value, "A": "b"])
    }

    @Test(arguments: [127, 128]) func whatIsWrittenIsWhatAPeerWouldWrite(length: Int) {
        let name = String(repeating: "n", count: length)
        var buffer = ByteBuffer()
        NameValuePairs.write(name: name, value: "v", into: &buffer)
        #expect(Array(buffer.readableBytesView) == Wire.pair(name, "v"))
    }

    @Test func aShortNumberInTheLongFormIsAccepted() throws {
        #expect(try self.decode([0x80, 0, 0, 1, 0x80, 0, 0, 1, 65, 66]) == ["A": "B"])
    }

    @Test func nothingIsAnEmptyList() throws {
        #expect(try self.decode([]).isEmpty)
    }

    @Test(arguments: [
        [1], [0x80], [0x80, 0, 0], [1, 0x80, 0, 0], [5, 5, 65], [0xff, 0xff, 0xff, 0xff, 0, 65],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [1, 1, 65, 66, 3],
    ]) func lengthsThatLieAreMalformed(bytes: [UInt8]) {
        #expect(throws: NameValuePairs.Failure.malformed) { try self.decode(bytes) }
    }

    @Test func limitsAreChecked() {
        #expect(throws: NameValuePairs.Failure.nameTooLong(1001)) {
            try self.decode(Wire.pair(String(repeating: "n", count: 1001), ""))
        }
        #expect(throws: NameValuePairs.Failure.valueTooLong(5001)) {
            try self.decode(Wire.pair("n", String(repeating: "v", count: 5001)))
        }
        #expect(throws: NameValuePairs.Failure.tooManyPairs) {
            try self.decode(Wire.pairs((0..<11).map { ("n\($0)", "") }))
        }
    }

    @Test func theFirstOfSeveralWins() throws {
        let buffer = ByteBuffer(bytes: Wire.pairs([("A", "1"), ("B", "2"), ("A", "3")]))
        let parameters = FastCGIParameters(
            buffer: buffer, pairs: try NameValuePairs.decode(buffer, limits: self.limits))
        #expect(parameters["A"] == "1")
        #expect(parameters["a"] == nil)
        #expect(parameters.map(\.value) == ["1", "2", "3"])
    }
}
