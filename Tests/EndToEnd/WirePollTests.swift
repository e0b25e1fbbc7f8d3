import Foundation
import LongwireClient
import LongwireServer
import NIOCore
import TestSupport
import Testing

/// The server's side of `poll`, spoken by hand over raw sockets, through nginx.
@Suite("The wire: poll at the server", .serialized, .timeLimit(.minutes(3)))
struct WirePollTests {
    /// A servlet that the test speaks through, behind nginx, and one client's requests to it.
    private final class Site: Sendable {
        let site: PathSite
        let nginx: NginxFixture
        let session = FlowBox<Session?>(nil)
        let heard = FlowBox<[String]>([])
        let ending = FlowBox<SessionEnding?>(nil)

        init(echo: Bool = false, configure: (inout MountConfiguration) -> Void = { _ in }) async throws {
            let (session, heard, ending) = (session, heard, ending)
            let servlet = FlowServlet { current in
                session.set(current)
                do {
                    for try await message in current.messages {
                        heard.change { $0.append(message.text) }
                        if echo { try await current.send(message) }
                    }
                } catch let end as SessionEnding {
                    ending.set(end)
                    throw end
                }
            }
            site = try await PathSite(["test": .task(servlet)], configure: configure)
            nginx = try await NginxFixture(to: .tcp(port: site.fastCGIPort))
        }

        /// The servlet's end of the session, once there is one.
        func current() async throws -> Session {
            try await eventually(valueOf: "the servlet has begun") { session.value }
        }

        func say(_ texts: String...) async throws {
            let session = try await current()
            for text in texts { try await session.send(text) }
        }

        func stop() async throws {
            await site.stop()
            try await nginx.stop()
        }
    }

    /// Requests of one session.
    private final class Client {
        let port: Int
        var open = WireOpen(transport: 4)
        private var requests = 0

        init(_ site: Site) { port = site.nginx.port }

        /// Sends the next request, on a connection of its own.
        func post(_ frames: [UInt8] = [], received: UInt64 = 0) async throws -> WireExchange {
            requests += 1
            open.received = received
            return try await WireExchange(
                port: port, "POST", "/longwire/test?session=\(Wire.hex(open.identifier))&n=1-\(requests)",
                ["Content-Type: application/vnd.longwire"], body: open.bytes + frames)
        }

        /// The first request, which is answered at once.
        func begin() async throws {
            let frames = try await post().answer()
            open.instance = try #require(frames.first?.identity).instance
        }
    }

    private static func numbers(_ frames: [WireFrame]) -> [UInt64] { frames.compactMap(\.number) }

    // R: B3
    @Test(
        "A request is held until the next one comes; then the first is answered, also with nothing, and one is left")
    func held() async throws {
        let site = try await Site()
        let client = Client(site)
        try await client.begin()
        var held = try await client.post()
        for _ in 1...5 {
            #expect(!held.isAnswered)
            let next = try await client.post()
            // Two connections: which of them came first, only the server knows. That one is answered.
            try await eventually("one of two is answered") { held.isAnswered || next.isAnswered }
            let (answered, left) = held.isAnswered ? (held, next) : (next, held)
            #expect(answered.frames.allSatisfy { $0.type == 0x05 }, "nothing but an ACK: \(answered.frames)")
            #expect(answered.field("content-length") != nil)
            #expect(!left.isAnswered, "one is answered, not both")
            held = left
        }
        // Six at once: all but one are answered.
        var many: [WireExchange] = []
        for _ in 1...6 { many.append(try await client.post()) }
        let all = many + [held]
        try await eventually("one of seven is left") { all.count { $0.isAnswered } == 6 }
        // What is said goes at once with the one that waits.
        let last = try #require(all.first { !$0.isAnswered })
        try await site.say("news")
        #expect(try await last.answer().last?.text == "news")
        try await site.stop()
    }

    // R: B3
    @Test("A request is answered, with nothing, when its time is over")
    func holdTime() async throws {
        let site = try await Site { $0.session.pollHold = .milliseconds(150) }
        let client = Client(site)
        try await client.begin()
        let begin = ContinuousClock.now
        let answer = try await client.post().answer()
        #expect(begin.duration(to: .now) >= .milliseconds(150))
        #expect(answer.map(\.type) == [0x05])
        try await site.stop()
    }

    // R: B3, B8
    @Test("With a delay, messages wait for a bundle, which does not wait; alone they wait for the delay")
    func delay() async throws {
        let delay = Duration.seconds(8)
        let site = try await Site {
            $0.session.bundleDelay = .seconds(8)
            $0.session.bundleMessages = 4
        }
        let client = Client(site)
        try await client.begin()
        let request = try await client.post()
        let begin = ContinuousClock.now
        try await site.say("1", "2", "3")
        #expect(!request.isAnswered)
        try await site.say("4")
        let answer = try await request.answer()
        #expect(answer.filter { $0.type == 0x0a }.map(\.text) == ["1", "2", "3", "4"])
        #expect(begin.duration(to: .now) < delay, "a whole bundle does not wait")
        try await site.stop()

        let patient = try await Site { $0.session.bundleDelay = .milliseconds(300) }
        let other = Client(patient)
        try await other.begin()
        let held = try await other.post()
        let start = ContinuousClock.now
        try await patient.say("alone")
        try await held.answer()
        #expect(start.duration(to: .now) >= .milliseconds(300))
        #expect(held.texts == ["alone"])
        try await patient.stop()
    }

    // R: B1, B3
    @Test("An answer holds a bundle and no more; the rest comes with the next")
    func bundleSize() async throws {
        let site = try await Site { $0.session.bundleBytes = 17_000 }
        let client = Client(site)
        try await client.begin()
        let text = String(repeating: "x", count: 6_000)
        for number in 1...9 { try await site.say("\(number)" + text) }
        var received: UInt64 = 0
        while received < 9 {
            let request = try await client.post(received: received)
            let frames = try await request.answer()
            #expect(request.body.bytes.count <= 17_000)
            for frame in frames where frame.number != nil {
                #expect(frame.number == received + 1)
                received += 1
            }
        }
        try await site.stop()
    }

    // R: B1, B4
    @Test("A lost answer: exactly what was not acknowledged comes again, byte for byte, and then what is new")
    func lostAnswer() async throws {
        let site = try await Site()
        let client = Client(site)
        try await client.begin()
        try await site.say("one")
        let one = try await client.post().answer()
        #expect(Self.numbers(one) == [1])
        // "one" is acknowledged; the answer with "two" and "three" is as if it had never come.
        try await site.say("two", "three")
        let lost = try await client.post(received: 1).answer().filter { $0.number != nil }
        #expect(Self.numbers(lost) == [2, 3])
        var again: [WireFrame] = []
        while again.count < 2 {
            again += try await client.post(received: 1 + UInt64(again.count)).answer().filter { $0.number != nil }
        }
        #expect(again.map(\.text) == ["two", "three"])
        #expect(Array(again.prefix(lost.count)) == lost, "the very same frames")
        try await site.say("four")
        #expect(try await client.post(received: 3).answer().filter { $0.number != nil }.map(\.text) == ["four"])
        try await site.stop()
    }

    // R: B1, B4
    @Test(
        "Lost and swapped requests: everything is taken once and in order, whatever comes twice")
    func requests() async throws {
        let site = try await Site(echo: true)
        let client = Client(site)
        try await client.begin()
        // Requests of which the answers get lost are sent again.
        for _ in 1...3 {
            let request = try await client.post(Wire.text(1, "a") + Wire.text(2, "b"))
            try await eventually("a and b arrive") { site.heard.value.count >= 2 }
            request.close()
        }
        // The third and fourth swapped; the fifth came with the third as well.
        let fourth = try await client.post(Wire.text(4, "d"))
        let third = try await client.post(Wire.text(3, "c") + Wire.text(4, "d") + Wire.text(5, "e"))
        try await eventually("all arrive") { site.heard.value.count >= 5 }
        let fifth = try await client.post(Wire.text(3, "c") + Wire.text(5, "e") + Wire.text(6, "f"))
        try await eventually("the last arrives") { site.heard.value.count >= 6 }
        #expect(site.heard.value == ["a", "b", "c", "d", "e", "f"])
        // What the server says was received is what it has.
        let answers = [fourth, third, fifth].map { $0.isAnswered ? $0.frames : [] }
        #expect(answers.joined().compactMap { $0.ack?.first }.allSatisfy { $0 <= 6 })
        // And the echoes, none of which was acknowledged, come in order and once each.
        var echoes: [String] = []
        while echoes.count < 6 {
            let known = UInt64(echoes.count)
            let frames = try await client.post(received: known).answer()
            echoes += frames.filter { ($0.number ?? 0) > known }.map(\.text)
        }
        #expect(echoes == ["a", "b", "c", "d", "e", "f"])
        try await site.stop()
    }

    // R: B4
    @Test(
        "Unreadable input ends its transaction, which is told so, and counts for nothing; only repetition ends the session"
    )
    func unreadable() async throws {
        let site = try await Site()
        let client = Client(site)
        try await client.begin()
        let cut = Array(Wire.text(1, "first").dropLast(2))
        let rubbish: [UInt8] = Wire.frame(0x0a, [0xff])
        for bytes in [cut, rubbish] {
            let request = try await client.post(bytes)
            try await request.answer()
            #expect(request.status == 400)
            #expect(request.text.contains("The body is not frames; nothing of it counts."))
        }
        // Something new between them, and the count begins anew.
        let good = try await client.post(Wire.text(1, "first"))
        try await eventually("it arrives") { site.heard.value == ["first"] }
        for _ in 1...2 {
            let request = try await client.post(rubbish)
            try await request.answer()
            #expect(request.status == 400)
        }
        #expect(site.ending.value == nil)
        // It is kept: a web server drops a request whose client has gone.
        let last = try await client.post(rubbish)
        try await eventually("the session is over") { site.ending.value != nil }
        last.close()
        #expect(site.ending.value?.code.rawValue == 2)
        let told = try await good.answer() + client.post().answer()
        #expect(told.contains { $0.type == 0x0c && $0.code == 2 }, "\(told)")
        try await site.stop()
    }

    // R: B4
    @Test("With a checksum, a message that was changed on its way is noticed and taken when it comes again")
    func checksum() async throws {
        let site = try await Site(echo: true)
        let client = Client(site)
        client.open.parameters = [("checksum", "crc32c")]
        try await client.begin()
        // The sum is of type and length, too.
        let start = [0x0a, 10] + Wire.varint(1) + Array("whole".utf8)
        let right = start + Wire.crc32c(start)
        var changed = right
        changed[4] ^= 1
        let refused = try await client.post(changed)
        try await refused.answer()
        #expect(refused.status == 400)
        #expect(site.heard.value.isEmpty)
        let request = try await client.post(right)
        try await eventually("it arrives") { site.heard.value == ["whole"] }
        var frames: [WireFrame] = []
        while frames.isEmpty {
            let next = request.isAnswered ? try await client.post() : request
            frames = try await next.answer().filter { $0.type == 0x0a }
        }
        let echo = try #require(frames.first)
        let covered = [0x0a] + Wire.varint(UInt64(echo.value.count)) + echo.value.dropLast(4)
        #expect(Array(echo.value.suffix(4)) == Wire.crc32c(covered))
        try await site.stop()
    }

    // R: B5
    @Test("After a silence that can be set the server gives the session up and says so to its servlet")
    func silence() async throws {
        let site = try await Site {
            $0.session.heartbeat = .milliseconds(60)
            $0.session.pollHold = .milliseconds(60)
            $0.session.resumeTime = .milliseconds(200)
        }
        let client = Client(site)
        let begin = ContinuousClock.now
        try await client.begin()
        try await eventually("the servlet is told") { site.ending.value != nil }
        #expect(begin.duration(to: .now) >= .milliseconds(200))
        #expect(site.ending.value?.kind == .lost)
        let late = try await client.post(Wire.text(1, "late")).answer()
        #expect(late.map(\.type) == [0x0c] && late.first?.code == site.ending.value?.code.rawValue)
        #expect(site.heard.value.isEmpty)
        try await site.stop()
    }

    // R: B6
    @Test("CLOSE from the client is acknowledged and answered; CLOSE from the server comes with code and reason")
    func closing() async throws {
        let site = try await Site()
        let client = Client(site)
        try await client.begin()
        var frames = try await client.post(Wire.text(1, "last") + Wire.close(2, code: 1_001, reason: "bye")).answer()
        while !frames.contains(where: { $0.type == 0x09 }) { frames += try await client.post().answer() }
        #expect(site.heard.value == ["last"])
        #expect(frames.compactMap { $0.ack?.first }.max() == 2)
        try await site.stop()

        let other = try await Site()
        let second = Client(other)
        try await second.begin()
        let held = try await second.post()
        try await other.current().beginClose(CloseCode(rawValue: 4_004), reason: "closing time")
        let close = try #require(try await held.answer().first { $0.type == 0x09 })
        #expect(close.number == 1 && close.code == 4_004)
        #expect(String(decoding: close.value, as: UTF8.self).hasSuffix("closing time"))
        try await other.stop()
    }
}
