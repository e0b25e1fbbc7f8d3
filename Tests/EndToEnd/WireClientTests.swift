import Foundation
import LongwireClient
import NIOCore
import TestSupport
import Testing

/// The client's side of `poll`, against a server that the test plays by hand.
@Suite("The wire: poll at the client", .serialized, .timeLimit(.minutes(3)))
struct WireClientTests {
    private static func connect(
        _ server: WireServer, configure: (inout ClientConfiguration) -> Void = { _ in }
    ) async throws -> Session {
        var configuration = ClientConfiguration()
        configuration.transports = [.poll]
        configuration.proxy = .none
        configure(&configuration)
        async let begun: Void = server.begin()
        let session = try await Longwire.connect(server.url, configuration: configuration)
        try await begun
        return session
    }

    private static func texts(_ frames: [WireFrame]) -> [String] { frames.map(\.text) }

    /// Ends what is left of a test without waiting for anything.
    private static func over(_ session: Session, _ server: WireServer) async throws {
        session.abort(.done)
        try await server.stop()
    }

    // R: B1, B2
    @Test("A request says what has arrived, and takes what was not sent yet; a bundle at most")
    func bundles() async throws {
        let server = try await WireServer()
        let session = try await Self.connect(server) { $0.session.bundleBytes = 17_000 }
        let text = String(repeating: "x", count: 6_000)
        for number in 1...9 { try await session.send("\(number)" + text) }
        // One is held; the second goes at once, and a third only after an answer.
        var seen: [UInt64] = []
        var next = 3
        while seen.count < 9 {
            let request = try await server.request(next)
            #expect(request.body.count <= 17_000)
            #expect(server.outstanding.count <= 2)
            seen += request.numbers
            try await server.acknowledge(
                next - 1, next == 3 ? 0 : seen[..<(seen.count - request.numbers.count)].last ?? 0)
            next += 1
        }
        #expect(seen == Array(1...9), "each once, in order")
        // What arrives is said with the next request.
        try await server.answer(next - 1, Wire.ack(received: 9, extra: 1) + Wire.text(1, "news"))
        try await eventually("a request says that 1 arrived") { server.requests.contains { $0.received == 1 } }
        try await Self.over(session, server)
    }

    // R: B2
    @Test("With a delay: a bundle goes when it has come together, with what was not sent before and nothing else")
    func wholeBundle() async throws {
        let server = try await WireServer()
        let session = try await Self.connect(server) {
            $0.session.bundleDelay = .seconds(3)
            $0.session.bundleMessages = 4
        }
        let begin = ContinuousClock.now
        for text in ["1", "2", "3"] { try await session.send(text) }
        _ = await session.status
        #expect(server.requests.count == 3, "three messages are no bundle")
        try await session.send("4")
        let first = try await server.request(3)
        #expect(Self.texts(first.numbered) == ["1", "2", "3", "4"])
        // The held one is answered, as a server does, without an acknowledgement of what the other brought.
        try await server.acknowledge(2, 0)
        for text in ["5", "6", "7", "8"] { try await session.send(text) }
        let second = try await server.request(4)
        #expect(Self.texts(second.numbered) == ["5", "6", "7", "8"])
        #expect(begin.duration(to: .now) < .seconds(3), "neither waited for the delay")
        try await Self.over(session, server)
    }

    // R: B2
    @Test(
        "A time without an answer: everything unacknowledged goes again, in several requests where it is several bundles"
    )
    func repeated() async throws {
        let server = try await WireServer()
        let session = try await Self.connect(server) {
            $0.session.bundleBytes = 17_000
            $0.session.pollRequests = 8
        }
        let text = String(repeating: "x", count: 8_000)
        for number in 1...4 { try await session.send("\(number)" + text) }
        try await eventually("all are sent") { server.requests.flatMap(\.numbers).count == 4 }
        let first = server.requests.flatMap(\.numbered)
        var count = server.requests.count
        // Nothing is answered.
        let wanted = Set<UInt64>(1...4)
        try await eventually("all come again") {
            Set(server.requests.dropFirst(count).flatMap(\.numbers)).isSuperset(of: wanted)
        }
        let again = server.requests.dropFirst(count).filter { !$0.numbers.isEmpty }
        #expect(again.count >= 2 && again.allSatisfy { $0.body.count <= 17_000 }, "two bundles or more")
        #expect(again.flatMap(\.numbered).allSatisfy { first.contains($0) }, "the same bytes")
        // Once acknowledged nothing goes again.
        for index in server.outstanding { try? await server.acknowledge(index, 4) }
        count = server.requests.count
        try await session.send("five")
        try await eventually("the next message comes") { server.requests.contains { $0.numbers == [5] } }
        #expect(server.requests.dropFirst(count).allSatisfy { !$0.numbers.contains { $0 < 5 } })
        try await Self.over(session, server)
    }

    // R: B2, B8
    @Test(
        "An answer came and none is outstanding: the next request goes at once, or after the delay",
        arguments: [0, 400])
    func next(_ delay: Int64) async throws {
        let server = try await WireServer()
        let session = try await Self.connect(server) { $0.session.bundleDelay = .milliseconds(delay) }
        for index in 2...6 {
            _ = try await server.request(index)
            #expect(server.outstanding == [index], "one is outstanding")
            let begin = ContinuousClock.now
            try await server.acknowledge(index, 0)
            let request = try await server.request(index + 1)
            #expect(request.numbers.isEmpty)
            if delay > 0 { #expect(begin.duration(to: .now) >= .milliseconds(delay)) }
            if index == 3, delay > 0 { break }
        }
        try await Self.over(session, server)
    }

    // R: B3
    @Test(
        "Large data takes as many requests at a time as configured, and no more; then it is one again",
        arguments: [2, 4])
    func manyAtATime(_ limit: Int) async throws {
        let server = try await WireServer()
        let session = try await Self.connect(server) {
            $0.session.pollRequests = limit
            $0.session.bundleBytes = 17_000
            // However slow the machine is, nothing goes again.
            $0.session.repeatTime = .seconds(30)
        }
        let bytes = ByteBuffer(repeating: 7, count: 16_000)
        for _ in 1...12 { try await session.send(bytes) }
        try await eventually("\(limit) are outstanding") { server.outstanding.count == limit }
        var greatest = 0
        var covered: UInt64 = 0
        while covered < 12 {
            let outstanding = server.outstanding
            greatest = max(greatest, outstanding.count)
            guard let oldest = outstanding.first else { continue }
            covered = max(covered, server.requests[oldest].numbers.last ?? 0)
            try await server.acknowledge(oldest, covered)
            try await eventually("as many again, or all is sent") {
                server.outstanding.count == limit || Set(server.requests.flatMap(\.numbers)).count == 12
            }
        }
        #expect(greatest == limit)
        #expect(Set(server.requests.flatMap(\.numbers)) == Set(1...12))
        for index in server.outstanding { try? await server.acknowledge(index, 12) }
        try await eventually("one is outstanding") { server.outstanding.count == 1 }
        try await Self.over(session, server)
    }

    /// What may go wrong with a request or its answer.
    enum Fault: String, CaseIterable, CustomTestStringConvertible {
        case cut = "a lost request, or its answer"
        case unreadableAnswer = "an unreadable answer"
        case cutAnswer = "an answer cut inside a frame"
        case failure = "a web server's 502"
        var testDescription: String { rawValue }
    }

    // R: B1, B4
    @Test("What was not acknowledged goes again, and nothing else", arguments: Fault.allCases)
    func faults(_ fault: Fault) async throws {
        let server = try await WireServer()
        let session = try await Self.connect(server)
        try await session.send("one")
        let one = try await server.request(3)
        #expect(Self.texts(one.numbered) == ["one"])
        try await server.acknowledge(3, 1)
        try await server.answer(2, Wire.ack(received: 1, extra: 1) + Wire.text(1, "first"))
        _ = try await server.request(4)
        try await session.send("two")
        try await eventually("two comes") { server.requests.contains { $0.numbers == [2] } }
        let index = try #require(server.requests.firstIndex { $0.numbers == [2] })
        let count = server.requests.count
        switch fault {
        case .cut: try await server.cut(index)
        case .unreadableAnswer: try await server.answer(index, Wire.text(2, "second") + Wire.frame(0x0a, [0xff]))
        case .cutAnswer: try await server.answer(index, Wire.text(2, "second") + Wire.text(3, "third").dropLast(2))
        case .failure:
            try await server.write(
                index, Array("HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\nbad".utf8)
            )
        }
        try await eventually("two comes again") { server.requests.dropFirst(count).contains { $0.numbers == [2] } }
        let again = try #require(server.requests.dropFirst(count).first { $0.numbers == [2] })
        #expect(again.numbered == server.requests[index].numbered, "the same bytes")
        #expect(!server.requests.dropFirst(4).contains { $0.numbers.contains(1) }, "what was acknowledged does not")
        // The server says again what was not acknowledged: everything arrives once.
        let last = try #require(server.outstanding.last)
        try await server.answer(
            last,
            Wire.ack(received: 2, extra: 1) + Wire.text(1, "first") + Wire.text(2, "second")
                + Wire.text(3, "third"))
        var messages = session.messages.makeAsyncIterator()
        for text in ["first", "second", "third"] { #expect(try await messages.next()?.text == text) }
        try await eventually("all of it is acknowledged") { server.requests.contains { $0.received == 3 } }
        try await Self.over(session, server)
    }

    // R: B4
    @Test("Swapped answers: messages are handed over in order, and once")
    func swapped() async throws {
        let server = try await WireServer()
        let session = try await Self.connect(server)
        try await session.send("one")
        _ = try await server.request(3)
        // The answer to the later request overtakes the one to the earlier.
        try await server.answer(3, Wire.ack(received: 1, extra: 2) + Wire.text(3, "c") + Wire.text(4, "d"))
        try await server.answer(2, Wire.ack(received: 0, extra: 1) + Wire.text(1, "a") + Wire.text(2, "b"))
        var messages = session.messages.makeAsyncIterator()
        for text in ["a", "b", "c", "d"] { #expect(try await messages.next()?.text == text) }
        try await eventually("they are acknowledged") { server.requests.contains { $0.received == 4 } }
        #expect(server.requests.filter { $0.numbers == [1] }.count == 1, "an old ACK takes nothing back")
        try await Self.over(session, server)
    }

    // R: B5
    @Test("After so many requests without an answer the client reports failure", arguments: [2, 3])
    func unanswered(_ limit: Int) async throws {
        let server = try await WireServer()
        let session = try await Self.connect(server) {
            $0.session.unansweredLimit = limit
            $0.reconnectLimit = 0
        }
        // Connections are cut, request by request.
        var cut = 2
        let ended = FlowBox<SessionEnding?>(nil)
        let waiting = Task { ended.set(await session.ending) }
        try await eventually("the session is given up") {
            while server.requests.count > cut {
                try await server.cut(cut)
                cut += 1
            }
            return ended.value != nil
        }
        await waiting.value
        #expect(ended.value?.kind == .lost)
        #expect(cut - 2 >= limit, "\(cut - 2) were cut")
        // The pool sends once more by itself what a kept connection lost.
        #expect(cut - 2 <= 2 * limit)
        try await server.stop()
    }

    // R: B5
    @Test("A server that answers nothing at all is reported too")
    func mute() async throws {
        let server = try await WireServer()
        let session = try await Self.connect(server) {
            $0.session.unansweredLimit = 2
            $0.reconnectLimit = 0
        }
        try await session.send("is anybody there?")
        let ending = await session.ending
        #expect(ending.kind == .lost)
        #expect(ending.unacknowledged == 1 && ending.covered == 0)
        #expect(server.requests.count { $0.numbers == [1] } == 2, "once, and once again")
        try await server.stop()
    }

    // R: B6
    @Test("The termination message goes like any other, is repeated, and both know the end")
    func closing() async throws {
        let server = try await WireServer()
        let session = try await Self.connect(server)
        try await session.send("last")
        session.beginClose(CloseCode(rawValue: 1_001), reason: "bye")
        try await eventually("CLOSE comes") { server.requests.contains { $0.numbers.contains(2) } }
        let index = try #require(server.requests.firstIndex { $0.numbers.contains(2) })
        let close = try #require(server.requests[index].numbered.last)
        #expect(close.type == 0x09 && close.code == 1_001)
        let count = server.requests.count
        try await server.cut(index)
        try await eventually("it comes again") { server.requests.dropFirst(count).contains { $0.numbers.contains(2) } }
        let last = try #require(server.requests.lastIndex { $0.numbers.contains(2) })
        try await server.answer(last, Wire.ack(received: 2, extra: 1) + Wire.close(1, code: 0, reason: ""))
        // The server knows it is over when its CLOSE was acknowledged, and says so in the last answer.
        try await eventually("the server's CLOSE is acknowledged") { server.requests.contains { $0.received == 1 } }
        for index in server.outstanding {
            try? await server.answer(index, Wire.frame(0x0c, Wire.varint(2) + Wire.varint(0)))
        }
        let ending = await session.ending
        #expect(ending.kind == .closed && ending.code.rawValue == 1_001)
        try await server.stop()
    }
}
