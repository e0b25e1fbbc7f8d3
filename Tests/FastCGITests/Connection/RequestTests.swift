import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import FastCGI

@Suite struct RequestTests {
    @Test func aRequestIsServedAndTheConnectionClosed() throws {
        let harness = try Harness(opened: { $0.respond("hello") })
        try harness.receive(Wire.request())
        let records = try harness.sent()
        #expect(records.output() == "Status: 200 OK\r\n\r\nhello")
        #expect(Array(records.suffix(2)) == [.stdout(), .end()])
        #expect(!harness.isOpen)
        #expect(try harness.handler().events == [.closed(.finished)])
        #expect(harness.server.openRequests == 0)
        #expect(harness.server.openConnections == 0)
    }

    @Test func theHandlerGetsABodyPartForEachRecordThenTheEndThenTheEndOfTheRead() throws {
        let harness = try Harness()
        try harness.receive(Wire.head() + Wire.stdin(1, "one", padding: 5) + Wire.stdin(1, "two") + Wire.stdin())
        #expect(try harness.handler().events == [.body("one"), .body("two"), .end, .readCompleted])
        #expect(try harness.handler().parameters["REQUEST_URI"] == "/a?b=c")
        harness.close()
    }

    @Test func bytesOneByOneGiveTheSameParts() throws {
        let harness = try Harness(react: echo)
        try harness.receiveByteByByte(Wire.head(keep: true) + Wire.stdin(1, "one", padding: 7) + Wire.stdin())
        #expect(
            try harness.handler().events.filter { $0 != .readCompleted } == [.body("one"), .end, .closed(.finished)])
        #expect(try harness.sent().output() == "Status: 200 OK\r\n\r\none[GET /a?b=c]")
        harness.close()
    }

    @Test func aHeadWithoutABodyDoesNotCompleteARead() throws {
        let harness = try Harness()
        try harness.receive(Wire.head())
        #expect(try harness.handler().events.isEmpty)
        harness.close()
    }

    @Test func theResponseMayBeginBeforeTheRequestHasEnded() throws {
        let harness = try Harness(opened: { $0.open() })
        try harness.receive(Wire.head())
        #expect(try harness.sent().output() == "Status: 200 OK\r\n\r\n")
        try harness.handler().send("down")
        #expect(try harness.sent() == [.stdout(1, "down")])
        try harness.receive(Wire.stdin(1, "up"))
        #expect(try harness.handler().events == [.body("up"), .readCompleted])
        harness.close()
    }

    @Test func keepConnectionServesOneRequestAfterAnother() throws {
        let harness = try Harness(opened: { $0.respond("x") })
        for id in [1, 1, 2] as [UInt16] {
            try harness.receive(Wire.request(id, keep: true))
            #expect(try harness.sent().ends(id) == [.end(id)])
            #expect(harness.isOpen)
        }
        try harness.receive(Wire.request(1, keep: false))
        #expect(!harness.isOpen)
        #expect(harness.handlers.count == 4)
    }

    @Test func theHeadIsWrittenAsCGIWantsIt() throws {
        let harness = try Harness()
        try harness.receive(Wire.head())
        var response = HTTPResponse(status: .init(code: 404, reasonPhrase: "Nope\r\nX: y"))
        response.headerFields[.contentType] = "a\r\nb"
        response.headerFields[.transferEncoding] = "chunked"
        response.headerFields[.connection] = "close"
        response.headerFields.append(HTTPField(name: .setCookie, value: "a=1"))
        response.headerFields.append(HTTPField(name: .setCookie, value: "b=2"))
        let request = try harness.handler().request
        request.write(.head(HTTPResponse(status: .continue)))
        request.write(.head(response))
        request.flush()
        #expect(
            try harness.sent() == [
                .stdout(
                    1,
                    "Status: 404 Nope  X: y\r\nContent-Type: a  b\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n")
            ])
        harness.close()
    }

    @Test(arguments: [0, 1, 4088, 4089, 70_000]) func aHeadGoesIntoOneRecordWithTheFirstPieceOfItsBody(
        length: Int
    ) throws {
        let harness = try Harness()
        try harness.receive(Wire.head())
        let template = FastCGIResponseTemplate(HTTPResponse(status: .ok), lastField: .eTag)
        let body = String(repeating: "z", count: length)
        var buffer = ByteBuffer(repeating: 0, count: FastCGIRequest.headroom)
        buffer.writeString(body)
        let request = try harness.handler().request
        request.begin(template, "a\r\nb", reserved: &buffer)
        request.begin(template, "once only", reserved: &buffer)
        request.flush()
        #expect(buffer.getString(at: FastCGIRequest.headroom, length: length) == body)
        let records = try harness.sent()
        #expect(records.output() == "Status: 200 OK\r\nETag: a  b\r\n\r\n" + body)
        #expect(records.count == (length > 4088 ? 2 + length / 65536 : 1))
        harness.close()
    }

    @Test(arguments: [1, 65535, 65536, 200_000]) func aBodyGoesIntoAsFewRecordsAsItFits(length: Int) throws {
        let harness = try Harness(opened: { $0.open() })
        try harness.receive(Wire.head())
        _ = try harness.sent()
        let body = String(repeating: "x", count: length)
        try harness.handler().send(body)
        let records = try harness.sent()
        #expect(records.count == (length + 65534) / 65535)
        #expect(records.output() == body)
        harness.close()
    }

    @Test(arguments: [0, 1, 65535, 65536, 140_000]) func aBodyWithHeadroomIsWrittenInPlace(length: Int) throws {
        let harness = try Harness(opened: { $0.open() })
        try harness.receive(Wire.head())
        _ = try harness.sent()
        let body = String(repeating: "y", count: length)
        var buffer = ByteBuffer(repeating: 0, count: FastCGIRequest.headroom)
        buffer.writeString(body)
        let address = buffer.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
        let request = try harness.handler().request
        request.writeReserved(&buffer)
        request.flush()
        #expect(buffer.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) } == address)
        #expect(buffer.getString(at: FastCGIRequest.headroom, length: length) == body)
        #expect(try harness.sent().output() == body)
        harness.close()
    }

    @Test func aBodyIsNotCopied() throws {
        let harness = try Harness(opened: { $0.open() })
        try harness.receive(Wire.head())
        _ = try harness.sent()
        let body = ByteBuffer(string: "not copied")
        let request = try harness.handler().request
        request.write(.body(body))
        request.flush()
        let header = try harness.channel.readOutbound(as: ByteBuffer.self)
        let written = try harness.channel.readOutbound(as: ByteBuffer.self)
        #expect(header?.readableBytes == 8)
        #expect(
            written?.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
                == body.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) })
        harness.close()
    }

    @Test func anEmptyBodyDoesNotEndTheStream() throws {
        let harness = try Harness(opened: { $0.open() })
        try harness.receive(Wire.head())
        _ = try harness.sent()
        try harness.handler().send("")
        #expect(try harness.sent().isEmpty)
        harness.close()
    }

    @Test func errorsGoToStderrAndEndThatStreamToo() throws {
        let harness = try Harness(opened: { handler in
            handler.request.writeError("trouble\n")
            handler.respond("x")
        })
        try harness.receive(Wire.request(keep: true))
        let records = try harness.sent()
        #expect(records.map(\.type) == [7, 6, 6, 7, 6, 3])
        #expect(records[0].text == "trouble\n")
        #expect(records[3].content.isEmpty)
        harness.close()
    }

    @Test func nothingIsSentBeforeTheFlushAndOneFlushServesTheRead() throws {
        let harness = try Harness(opened: { $0.open() })
        try harness.receive(Wire.head())
        _ = try harness.sent()
        try harness.handler().request.write(.body(ByteBuffer(string: "later")))
        #expect(try harness.sent().isEmpty)
        try harness.handler().request.flush()
        #expect(try harness.sent() == [.stdout(1, "later")])
        harness.close()
    }

    @Test func partsOutOfOrderAndAfterTheEndAreIgnored() throws {
        let harness = try Harness()
        try harness.receive(Wire.head(keep: true))
        let handler = try harness.handler()
        handler.send("before the head")
        #expect(try harness.sent().isEmpty)
        handler.respond("x")
        handler.respond("again")
        handler.request.writeError("late")
        handler.request.close()
        #expect(try harness.sent().output() == "Status: 200 OK\r\n\r\nx")
        #expect(handler.events == [.closed(.finished)])
        #expect(!handler.request.isWritable)
        #expect(harness.isOpen)
        harness.close()
    }

    @Test func closeDropsAConnectionThatCarriesOnlyThisRequest() throws {
        let harness = try Harness(opened: { $0.open() })
        try harness.receive(Wire.head(keep: true))
        try harness.handler().request.close()
        #expect(!harness.isOpen)
        #expect(try harness.sent().ends().isEmpty)
        #expect(try harness.handler().closeReasons == [.finished])
    }

    @Test func closeEndsOnlyTheRequestWhereTheConnectionCarriesOthers() throws {
        let harness = try Harness(opened: { $0.open() })
        try harness.receive(Wire.head(1, keep: true) + Wire.head(2, keep: true))
        try harness.handler(0).request.close()
        #expect(try harness.sent().ends(1) == [.end(1, application: 1)])
        try harness.handler(1).send("still here")
        #expect(try harness.sent() == [.stdout(2, "still here")])
        harness.close()
    }

    @Test func theEndOfTheConnectionReachesEveryRequestOnce() throws {
        let harness = try Harness()
        try harness.receive(Wire.head(1, keep: true) + Wire.head(2, keep: true) + Wire.begin(3, keep: true))
        #expect(harness.server.openRequests == 3)
        harness.close()
        #expect(harness.handlers.map(\.closeReasons) == [[.connectionLost], [.connectionLost]])
        #expect(harness.server.openRequests == 0)
    }

    @Test func aConnectionWithoutRequestsHoldsNoBuffers() throws {
        let harness = try Harness(opened: { $0.open() })
        try harness.receiveByteByByte(Wire.head(keep: true) + Wire.stdin(1, "some text"))
        let handler = try harness.channel.pipeline.syncOperations.handler(type: FastCGIChannelHandler.self)
        #expect(handler.decoder.bufferedBytes == 0)
        #expect(handler.loop.recordHeader.capacity <= 16)
        harness.close()
    }
}
