import NIOCore
import Testing

@testable import FastCGI

/// What each kind of malformed input gets; in each case another request of the connection goes on undisturbed.
@Suite struct RefusalTests {
    struct Case: CustomTestStringConvertible {
        var name: String
        var bytes: [UInt8]
        /// The start of the answer on STDOUT, nil for none.
        var answer: String?
        var end: WireRecord
        var testDescription: String { self.name }
    }

    static let cases = [
        Case(
            name: "STDIN before the end of the parameters", bytes: Wire.begin(2, keep: true) + Wire.stdin(2, "x"),
            answer: "Status: 400", end: .end(2)),
        Case(
            name: "an end of STDIN before the end of the parameters", bytes: Wire.begin(2, keep: true) + Wire.stdin(2),
            answer: "Status: 400", end: .end(2)),
        Case(
            name: "data after the end of STDIN",
            bytes: Wire.head(2, keep: true) + Wire.stdin(2) + Wire.stdin(2, "more"), answer: "Status: 400",
            end: .end(2)),
        Case(
            name: "STDIN ended twice", bytes: Wire.head(2, keep: true) + Wire.stdin(2) + Wire.stdin(2),
            answer: "Status: 400", end: .end(2)),
        Case(
            name: "PARAMS after their end", bytes: Wire.head(2, keep: true) + Wire.params(2, Wire.pair("A", "b")),
            answer: "Status: 400", end: .end(2)),
        Case(
            name: "DATA for a responder", bytes: Wire.head(2, keep: true) + Wire.record(8, 2, [1]),
            answer: "Status: 400", end: .end(2)),
        Case(
            name: "a length longer than the rest",
            bytes: Wire.begin(2, keep: true) + Wire.params(2, [1, 200, 0, 0, 65]) + Wire.params(2, []),
            answer: "Status: 400", end: .end(2)),
        Case(
            name: "a four-byte length cut off",
            bytes: Wire.begin(2, keep: true) + Wire.params(2, Wire.pairs(Wire.getPairs) + [3, 0x80, 1])
                + Wire.params(2, []), answer: "Status: 400", end: .end(2)),
        Case(
            // A length octet of 200 says "four octets follow": the name is taken for part of the length.
            name: "a name of 200 bytes with its length cut to one octet",
            bytes: Wire.begin(2, keep: true)
                + Wire.params(2, Wire.pairs(Wire.getPairs) + [200, 1] + [UInt8](repeating: 78, count: 200) + [118])
                + Wire.params(2, []), answer: "Status: 400", end: .end(2)),
        Case(
            name: "no method", bytes: Wire.head(2, [("REQUEST_URI", "/")], keep: true), answer: "Status: 400",
            end: .end(2)),
        Case(
            name: "no parameters at all", bytes: Wire.head(2, [], keep: true), answer: "Status: 400", end: .end(2)),
        Case(
            name: "a name longer than the limit",
            bytes: Wire.head(2, Wire.getPairs + [(String(repeating: "N", count: 1025), "")], keep: true),
            answer: "Status: 431", end: .end(2)),
        Case(
            name: "a value longer than the limit",
            bytes: Wire.head(2, Wire.getPairs + [("N", String(repeating: "v", count: 32769))], keep: true),
            answer: "Status: 431", end: .end(2)),
        Case(
            name: "more parameters than the limit",
            bytes: Wire.head(2, Wire.getPairs + (0..<600).map { ("N\($0)", "") }, keep: true), answer: "Status: 431",
            end: .end(2)),
        Case(
            name: "more bytes of parameters than the limit",
            bytes: Wire.begin(2, keep: true) + Wire.params(2, [UInt8](repeating: 0, count: 40000))
                + Wire.params(2, [UInt8](repeating: 0, count: 40000)) + Wire.params(2, []), answer: "Status: 431",
            end: .end(2)),
        Case(
            name: "BEGIN_REQUEST too short", bytes: Wire.record(1, 2, [0, 1, 1]), answer: "Status: 400", end: .end(2)),
        Case(
            name: "the authorizer role", bytes: Wire.begin(2, role: 2, keep: true), answer: nil,
            end: .end(2, status: 3)),
        Case(
            name: "the filter role", bytes: Wire.begin(2, role: 3, keep: true), answer: nil, end: .end(2, status: 3)),
        Case(name: "no role", bytes: Wire.begin(2, role: 0, keep: true), answer: nil, end: .end(2, status: 3)),
    ]

    @Test(arguments: cases, [false, true]) func malformedInputIsRefusedAndNothingElse(
        _ case: Case, byteByByte: Bool
    ) throws {
        let harness = try Harness(opened: { if $0.request.id == 1 { $0.open() } })
        try harness.receive(Wire.head(1, keep: true))
        _ = try harness.sent()
        if byteByByte {
            try harness.receiveByteByByte(`case`.bytes)
        } else {
            try harness.receive(`case`.bytes)
        }
        let records = try harness.sent()
        #expect(records.ends(2) == [`case`.end])
        #expect(records.filter { $0.id != 2 }.isEmpty)
        if let answer = `case`.answer {
            #expect(records.output(2).hasPrefix(answer))
        } else {
            #expect(records.output(2).isEmpty)
        }
        for handler in harness.handlers.dropFirst() { #expect(handler.closeReasons == [.protocolError]) }

        // The other request goes on, and the id can be used again.
        try harness.receive(Wire.stdin(1, "undisturbed") + Wire.head(2, keep: true))
        #expect(try harness.handler(0).events == [.body("undisturbed"), .readCompleted])
        harness.handlers.last?.respond("again")
        #expect(try harness.sent().output(2).hasSuffix("again"))
        #expect(harness.isOpen)
        harness.close()
        #expect(harness.server.openRequests == 0)
    }

    @Test func theAnswerNamesTheLimitAndItsValue() throws {
        let harness = try Harness(configure: { $0.maximumParameterBytes = 100 })
        try harness.receive(Wire.begin() + Wire.params(1, [UInt8](repeating: 0, count: 101)))
        #expect(try harness.sent().output().hasSuffix("exceed maximumParameterBytes (100).\n"))
        #expect(!harness.isOpen)
    }

    @Test func aViolationAfterTheHeadOfTheResponseEndsTheRequestWithoutASecondHead() throws {
        let harness = try Harness(opened: { $0.open() })
        try harness.receive(Wire.head(keep: true))
        _ = try harness.sent()
        try harness.receive(Wire.stdin() + Wire.stdin(1, "more"))
        #expect(try harness.sent() == [.end()])
        #expect(try harness.handler().closeReasons == [.protocolError])
        harness.close()
    }

    @Test func recordsForUnknownRequestsAreIgnored() throws {
        let harness = try Harness()
        for type in [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 255] as [UInt8] {
            try harness.receive(Wire.record(type, 77, [1, 2, 3]))
        }
        #expect(try harness.sent().isEmpty)
        #expect(harness.isOpen)
        harness.close()
    }

    @Test func recordTypesOnlyApplicationsSendAreIgnoredForAnOpenRequest() throws {
        let harness = try Harness()
        try harness.receive(Wire.head(keep: true))
        for type in [3, 6, 7, 9, 10, 11, 12, 255] as [UInt8] { try harness.receive(Wire.record(type, 1, [1, 2, 3])) }
        try harness.receive(Wire.stdin(1, "x"))
        #expect(try harness.handler().events == [.body("x"), .readCompleted])
        #expect(try harness.sent().isEmpty)
        harness.close()
    }

    @Test(arguments: [0, 2, 71, 255] as [UInt8]) func aWrongVersionClosesTheConnection(version: UInt8) throws {
        let harness = try Harness()
        try harness.receive(Wire.head(keep: true))
        try harness.receive(Wire.stdin(1, "good") + [version])
        #expect(!harness.isOpen)
        #expect(try harness.handler().closeReasons == [.protocolError])
        #expect(harness.server.openConnections == 0)
    }

    @Test func aSecondBeginForAnOpenRequestClosesTheConnection() throws {
        let harness = try Harness()
        try harness.receive(Wire.head(1, keep: true) + Wire.head(2, keep: true) + Wire.begin(1, keep: true))
        #expect(!harness.isOpen)
        #expect(harness.handlers.map(\.closeReasons) == [[.protocolError], [.protocolError]])
    }
}
