import NIOCore
import Testing

@testable import FastCGI

@Suite struct RecordHeaderTests {
    @Test func aHeaderHasTheLayoutOfTheSpecification() {
        var buffer = ByteBuffer()
        RecordHeader(type: .stdout, requestID: 0x0102, contentLength: 0x0304, paddingLength: 5).write(into: &buffer)
        #expect(Array(buffer.readableBytesView) == [1, 6, 1, 2, 3, 4, 5, 0])
    }

    @Test func theConstantsAreThoseOfTheSpecification() {
        let types: [RecordType] = [
            .beginRequest, .abortRequest, .endRequest, .params, .stdin, .stdout, .stderr, .data, .getValues,
            .getValuesResult, .unknownType,
        ]
        #expect(types.map(\.rawValue) == Array(1...11))
        #expect([Role.responder, .authorizer, .filter].map(\.rawValue) == [1, 2, 3])
        let status: [ProtocolStatus] = [.requestComplete, .cannotMultiplex, .overloaded, .unknownRole]
        #expect(status.map(\.rawValue) == [0, 1, 2, 3])
        #expect(RecordHeader.byteCount == 8)
        #expect(RecordHeader.maximumContentLength == 65535)
    }

    @Test func aHeaderIsReadBackAsItWasWritten() {
        let header = RecordHeader(type: .params, requestID: .max, contentLength: .max, paddingLength: .max)
        var buffer = ByteBuffer()
        header.write(into: &buffer)
        #expect(RecordHeader.read(from: buffer) == .header(header))
    }

    @Test(arguments: 0..<8) func aHeaderCutShortIsIncomplete(length: Int) {
        var buffer = ByteBuffer()
        RecordHeader(type: .stdin, requestID: 1, contentLength: 9).write(into: &buffer)
        #expect(RecordHeader.read(from: buffer.getSlice(at: 0, length: length) ?? buffer) == .incomplete)
    }

    @Test func aWrongVersionShowsInTheFirstOctet() {
        #expect(RecordHeader.read(from: ByteBuffer(bytes: [2])) == .wrongVersion(2))
        #expect(RecordHeader.read(from: ByteBuffer(string: "GET / HTTP/1.1\r\n")) == .wrongVersion(71))
    }
}
