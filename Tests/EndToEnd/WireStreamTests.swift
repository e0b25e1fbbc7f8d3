import Foundation
import LongwireServer
import TestSupport
import Testing

/// A streamed GET and POSTs, spoken by hand over a raw socket, through nginx.
@Suite("The wire: a streamed GET and POSTs", .serialized, .timeLimit(.minutes(2)))
struct WireStreamTests {
    private final class Site {
        let site: PathSite
        let nginx: NginxFixture
        var port: Int { nginx.port }
        private var requests = 0

        init(_ servlets: [String: ServletKind] = ["echo": .inline(EchoServlet())]) async throws {
            site = try await PathSite(servlets)
            nginx = try await NginxFixture(to: .tcp(port: site.fastCGIPort))
        }

        func get(_ open: WireOpen, named: Bool = true) async throws -> WireExchange {
            try await WireExchange(
                port: port, "GET", "/longwire/echo" + (named ? "?session=\(Wire.hex(open.identifier))" : ""),
                ["Accept: application/vnd.longwire", "Longwire-Open: \(Wire.base64URL(open.bytes))"])
        }

        /// An uplink of the same session.
        func post(_ open: WireOpen, _ frames: [UInt8]) async throws -> WireExchange {
            var uplink = open
            uplink.transport = 3
            requests += 1
            return try await WireExchange(
                port: port, "POST", "/longwire/echo?session=\(Wire.hex(open.identifier))&n=1-\(requests)",
                ["Content-Type: application/vnd.longwire"], body: uplink.bytes + frames)
        }

        func stop() async throws {
            await site.stop()
            try await nginx.stop()
        }
    }

    // R: C1, C3
    @Test("The client's identifier is in header and first message; one response without a length brings all messages")
    func frames() async throws {
        let site = try await Site()
        var open = WireOpen(transport: 2)
        let down = try await site.get(open)
        try await down.waits("OPENED comes") { !$0.frames.isEmpty }
        #expect(down.status == 200)
        #expect(down.field("content-length") == nil)
        #expect(down.field("longwire-session") == Wire.hex(open.identifier))
        #expect(down.field("content-type") == "application/vnd.longwire")
        let identity = try #require(down.frames.first?.identity)
        #expect(identity.identifier == open.identifier)
        #expect(identity.token.isEmpty, "what the client brought is not repeated to it")
        open.instance = identity.instance

        // One message, two, none; then two requests at once, the later message first.
        let one = try await site.post(open, Wire.text(1, "a")).answer()
        #expect(one.first?.ack?.first == 1)
        #expect(one.compactMap(\.number) == [1] && one.last?.text == "a", "nothing else is under way: it comes along")
        let three = try await site.post(open, Wire.text(2, "b") + Wire.text(3, "c")).answer()
        #expect(three.first?.ack?.first == 3)
        let none = try await site.post(open, []).answer()
        #expect(none.first?.ack?.first == 3)
        let later = try await site.post(open, Wire.text(5, "e"))
        _ = try await later.answer()
        _ = try await site.post(open, Wire.text(4, "d")).answer()
        for number in 6...40 { _ = try await site.post(open, Wire.text(UInt64(number), "\(number)")).answer() }

        // What came along and was never acknowledged comes once more.
        try await down.waits("all come back") { $0.texts.count >= 40 }
        #expect(down.texts.filter { $0 != "a" } == ["b", "c", "d", "e"] + (6...40).map { "\($0)" })
        #expect(down.frames.compactMap(\.number).filter { $0 > 1 } == Array(2...40))
        // Once all of it is, the next one comes along again.
        open.received = 40
        let last = try await site.post(open, Wire.text(41, "z")).answer()
        #expect(last.map(\.text).last == "z")
        #expect(!down.isAnswered, "the response goes on")
        try await site.stop()
    }

    // R: C2
    @Test("Without identifier and token the server makes both and tells them in the first message")
    func madeByServer() async throws {
        let site = try await Site()
        var open = WireOpen(transport: 2)
        (open.identifier, open.token) = ([], [])
        let down = try await site.get(open, named: false)
        try await down.waits("OPENED comes") { !$0.frames.isEmpty }
        let identity = try #require(down.frames.first?.identity)
        #expect(identity.identifier.count == 16 && identity.token.count == 32)
        #expect(down.field("longwire-session") == Wire.hex(identity.identifier))
        #expect(down.field("content-length") == nil)
        (open.identifier, open.token, open.instance) = identity
        let mine = try await site.post(open, Wire.text(1, "mine")).answer()
        #expect(mine.last?.text == "mine")
        // The identifier alone opens nothing.
        open.token = Wire.random(32)
        let refused = try await site.post(open, Wire.text(2, "not mine")).answer()
        #expect(refused.map(\.type) == [0x0c] && refused.first?.code == 6)
        #expect(!down.texts.contains("not mine"))
        try await site.stop()
    }

    // R: C1, C2, C3
    @Test("Server-Sent Events: the identifier in header, first event and every event's id", arguments: [true, false])
    func events(_ isNamed: Bool) async throws {
        let site = try await Site()
        let own = Wire.hex(Wire.random(16))
        let down = try await WireExchange(
            port: site.port, "GET", "/longwire/echo" + (isNamed ? "?session=\(own)" : ""), ["Accept: text/event-stream"]
        )
        try await down.waits("the first event") { $0.text.contains("}\n\n") }
        #expect(down.field("content-length") == nil)
        let value = { (name: String) in
            String(down.text.components(separatedBy: "\"\(name)\":\"")[1].prefix { $0 != "\"" })
        }
        let (session, token) = (value("session"), value("token"))
        if isNamed { #expect(session == own) }
        #expect(session.count == 32 && token.count >= 22)
        #expect(down.field("longwire-session") == session)
        for number in 1...20 {
            let type = number % 2 == 0 ? "text/plain" : "application/octet-stream"
            let post = try await WireExchange(
                port: site.port, "POST", "/longwire/echo?session=\(session)",
                ["Longwire-Token: \(token)", "Content-Type: \(type)"], body: Array("\(number)".utf8))
            try await post.answer()
            #expect(post.status == 204)
        }
        let bye = try await WireExchange(
            port: site.port, "DELETE", "/longwire/echo?session=\(session)", ["Longwire-Token: \(token)"])
        try await bye.answer()
        #expect(bye.status == 204)
        try await down.answer()
        let events = down.text.components(separatedBy: "\n\n").filter { $0.contains("data: ") }
        #expect(events.count == 22, "open, 20 messages, close")
        for event in events {
            let id = event.split(separator: "\n").first { $0.hasPrefix("id: ") }
            #expect(id?.hasPrefix("id: \(session).") == true, "\(event)")
        }
        try await site.stop()
    }
}
