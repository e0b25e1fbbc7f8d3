import LongwireClient
import LongwireServer
import NIOCore
import TestSupport
import Testing

/// The servlets that come with the server.
@Suite(.timeLimit(.minutes(2))) struct ServletTests {
    // R: D2, D7
    @Test func echoSendsEveryMessageBackInItsKind() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let session = try await server.connect("echo")
        let all = [
            Message("text"), Message(""), Message(ByteBuffer()), Message(ByteBuffer(bytes: [0, 0xff])),
            Message(ByteBuffer(repeating: 1, count: 100_000)),
        ]
        var messages = session.messages.makeAsyncIterator()
        for message in all {
            try await session.send(message)
            #expect(try await messages.next() == message)
        }
        #expect(await session.close().kind == .closed)
        try await server.stop()
    }

    // R: D3
    @Test func clockSpeaksFirstAndUnasked() async throws {
        let server = try await TestServer(["clock": .task(ClockServlet(period: .milliseconds(20)))])
        let session = try await server.connect("clock")
        var last = 0
        for _ in 0..<5 {
            let now = try #require(Int(try await session.nextText() ?? ""))
            #expect(now >= last && now > 1_700_000_000)
            last = now
        }
        #expect(await session.close().kind == .closed)
        try await eventually("the servlet has ended") { server.mount.sessionCount == 0 }
        try await server.stop()
    }

    // R: D9
    @Test func everyoneInARoomHearsEveryoneAndNobodyOutside() async throws {
        let server = try await TestServer(["chat": .inline(ChatServlet())], threads: 3)
        let ada = try await server.connect("chat?room=one&name=Ada")
        #expect(try await ada.nextText() == "* Ada joined")
        let grace = try await server.connect("chat?room=one&name=Grace")
        #expect(try await grace.nextText() == "* Grace joined")
        #expect(try await ada.nextText() == "* Grace joined")
        let other = try await server.connect("chat?room=two&name=Eve")
        #expect(try await other.nextText() == "* Eve joined")

        try await ada.send("hello")
        for session in [ada, grace] { #expect(try await session.nextText() == "Ada: hello") }
        try await grace.send(ByteBuffer(string: "bytes are shown as text"))
        for session in [ada, grace] { #expect(try await session.nextText() == "Grace: bytes are shown as text") }
        try await other.send("alone")
        #expect(try await other.nextText() == "Eve: alone")

        #expect(await grace.close().kind == .closed)
        #expect(try await ada.nextText() == "* Grace left")
        await ada.close()
        await other.close()
        try await server.stop()
    }

    // R: D3
    @Test func whoJoinsGetsTheLastMessagesInOrder() async throws {
        let server = try await TestServer(["chat": .inline(ChatServlet(remembered: 3))])
        let ada = try await server.connect("chat?name=Ada")
        #expect(try await ada.nextText() == "* Ada joined")
        for number in 1...6 {
            try await ada.send("\(number)")
            #expect(try await ada.nextText() == "Ada: \(number)")
        }
        await ada.close()
        try await eventually("she has left") { server.mount.sessionCount == 0 }
        let late = try await server.connect("chat?name=Late")
        for line in ["Ada: 4", "Ada: 5", "Ada: 6", "* Late joined"] { #expect(try await late.nextText() == line) }
        await late.close()
        try await server.stop()
    }

    // R: D7
    @Test func whatARoomCannotPassOnIsToldInWordsAndEndsNobodysSession() async throws {
        let server = try await TestServer(["chat": .inline(ChatServlet())])
        let session = try await server.connect("chat?name=Ada")
        #expect(try await session.nextText() == "* Ada joined")
        try await session.send(ByteBuffer(repeating: 0xff, count: 1024 * 1024))
        #expect(try await session.nextText() == "* Ada sent 1048576 bytes that are no text")
        try await session.send(String(repeating: "x", count: 1024 * 1024))
        let long = try #require(try await session.nextText())
        #expect(long.hasPrefix("Ada: xxx") && long.hasSuffix("x […]") && long.utf8.count < 65 * 1024)
        #expect(await session.close().kind == .closed)
        try await server.stop()
    }

    // R: D9
    @Test func namesAreFreeOfControlCharactersAndShort() async throws {
        let server = try await TestServer(["chat": .inline(ChatServlet())])
        let cases = [
            ("name=a%1B%5B31mb", "a[31mb"), ("name=x%0Ay%0D%00", "xy"), ("name=%E2%80%AEevil", "evil"),
            ("name=" + String(repeating: "n", count: 100), String(repeating: "n", count: 32)),
        ]
        for (index, (query, shown)) in cases.enumerated() {
            let session = try await server.connect("chat?room=\(index)&\(query)")
            #expect(try await session.nextText() == "* \(shown) joined")
            await session.close()
        }
        let nameless = try await server.connect("chat?room=nameless&name=%00")
        #expect(try await nameless.nextText() == "* guest-\("\(nameless.identifier)".prefix(4)) joined")
        await nameless.close()
        try await server.stop()
    }

    // R: D9, D5
    @Test func aMemberThatDoesNotKeepUpIsEndedAndTheOthersGoOn() async throws {
        let server = try await TestServer(["chat": .inline(ChatServlet())])
        var narrow = ClientConfiguration()
        narrow.session.receiveWindow = 32 * 1024
        let slow = try await server.connect("chat?name=Slow", narrow)
        let ada = try await server.connect("chat?name=Ada")
        var messages = ada.messages.makeAsyncIterator()
        while try await messages.next()?.text != "* Ada joined" {}
        let line = String(repeating: "x", count: 8000)
        var hasLeft = false
        for _ in 0..<200 where !hasLeft {
            try await ada.send(line)
            while let text = try await messages.next()?.text {
                if text == "* Slow left" { hasLeft = true }
                if text == "Ada: " + line { break }
            }
        }
        // It is told why once it reads; until then its CLOSE waits behind what it did not read.
        var count = 0
        for try await _ in slow.messages { count += 1 }
        let ending = await slow.close()
        #expect(ending.code == .overloaded && ending.reason == "you read more slowly than this room talks", "\(ending)")
        #expect(count > 10)
        try await ada.send("still here")
        while let text = try await messages.next()?.text, text != "Ada: still here" {}
        await ada.close()
        try await server.stop()
    }

    /// Says one thing more when its client has closed.
    private struct Parting: InlineServlet {
        func received(_ message: Message, in session: Session) { _ = session.offer(Message("\(message.text)!")) }
        func closed(_ code: CloseCode, reason: String, in session: Session) {
            _ = session.offer(Message("a last word"))
        }
    }

    // R: D4
    @Test func anInlineServletMayAnswerTheCloseWithALastWord() async throws {
        let server = try await TestServer(["last": .inline(Parting())])
        let session = try await server.connect("last")
        try await session.send("hello")
        session.beginClose()
        var texts: [String] = []
        for try await message in session.messages { texts.append(message.text) }
        #expect(texts == ["hello!", "a last word"])
        #expect(await session.ending.kind == .closed)
        try await server.stop()
    }
}
