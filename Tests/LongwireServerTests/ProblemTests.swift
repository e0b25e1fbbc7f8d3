import Foundation
import HTTPTypes
import NIOCore
import NIOEmbedded
import Testing

@testable import LongwireServer

/// Problem bodies are JSON whatever they say.
@Suite struct ProblemTests {
    private final class Exchange: HTTPExchange {
        let eventLoop: any EventLoop = EmbeddedEventLoop()
        let isWritable = true
        var receiver: (any HTTPExchangeReceiver)?
        var head: HTTPResponse?
        var body = ByteBuffer()
        var isFinished = false
        func write(head: HTTPResponse) { self.head = head }
        func write(body: ByteBuffer) { self.body.writeImmutableBuffer(body) }
        func flush() {}
        func finish() { isFinished = true }
        func drop() {}
    }

    private struct Body: Decodable {
        let title: String
        let status: Int
        let detail: String
    }

    // R: D7
    @Test(arguments: [
        "plain", "\"quoted\" and \\", "line\nbreak\r\ttab", "\u{0}\u{1f}\u{7f}\u{b}", "äöü 🙂 \u{2028}", "</script>",
    ]) func anySentenceSurvives(text: String) throws {
        let exchange = Exchange()
        Problem(status: .badRequest, title: text, detail: text, fields: [.allow: "POST"]).answer(exchange)
        let body = try JSONDecoder().decode(Body.self, from: Data(exchange.body.readableBytesView))
        #expect(body.title == text && body.detail == text && body.status == 400)
        #expect(exchange.head?.status == .badRequest && exchange.isFinished)
        #expect(exchange.head?.headerFields[.contentType] == "application/problem+json")
        #expect(exchange.head?.headerFields[.contentLength] == "\(exchange.body.readableBytes)")
        #expect(exchange.head?.headerFields[.cacheControl] == "no-store")
        #expect(exchange.head?.headerFields[.allow] == "POST")
    }

    @Test func nothingInAJSONStringMovesATerminal() throws {
        // The control characters of ISO 8859, which terminals obey too: U+009B is what ESC [ is.
        let text = "a\u{9b}31mb\u{85}\u{80}\u{9f}\u{7f}"
        let quoted = Problem.quoted(text)
        #expect(quoted.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }, "\(quoted)")
        #expect(try JSONDecoder().decode(String.self, from: Data(quoted.utf8)) == text)
    }
}
