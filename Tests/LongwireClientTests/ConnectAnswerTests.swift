import NIOCore
import NIOEmbedded
import Testing

@testable import LongwireClient

/// What a proxy answers to CONNECT.
struct ConnectAnswerTests {
    private func read(_ text: String) throws -> (ConnectAnswer.Head?, rest: String) {
        var answer = ConnectAnswer()
        var bytes = ByteBuffer(string: text)
        let head = try answer.read(&bytes)
        return (head, String(buffer: bytes))
    }

    @Test("The answer ends at the empty line, and what follows is left")
    func rest() throws {
        let (head, rest) = try read("HTTP/1.0 200 Connection established\r\nVia: x\r\n\r\nthe server's")
        #expect(head?.status == 200)
        #expect(head?.reason == "Connection established")
        #expect(head?["via"] == "x")
        #expect(rest == "the server's")
    }

    @Test("It may come byte by byte, with bare line feeds, without a reason, and after interim answers")
    func pieces() throws {
        var answer = ConnectAnswer()
        var heads: [Int] = []
        for byte in "HTTP/1.1 100 Continue\n\nHTTP/1.1 407\nProxy-Authenticate:Basic\n\n".utf8 {
            var bytes = ByteBuffer(bytes: [byte])
            if let head = try answer.read(&bytes) {
                heads.append(head.status)
                #expect(head["proxy-authenticate"] == "Basic")
            }
        }
        #expect(heads == [407])
    }

    @Test(
        "What is not HTTP is said to be none",
        arguments: [
            "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/2 200\r\n", "HTTP/1.1 20x OK\r\n", "HTTP/1.1\r\n", "\r\n",
            "HTTP/1.1 200 OK\r\nno field\r\n", "HTTP/1.1 999 x\r\n", String(repeating: "x", count: 40_000),
            "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 40_000),
        ])
    func unreadable(_ text: String) {
        #expect(throws: ConnectAnswer.Unreadable()) { _ = try read(text) }
    }

    // MARK: The handler

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        var text = ""
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            text += String(buffer: unwrapInboundIn(data))
        }
    }

    private func tunnel(answer: [String]) throws -> (result: Result<Void, any Error>, behind: String, isOpen: Bool) {
        let channel = EmbeddedChannel()
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        let collector = Collector()
        let handler = TunnelHandler(
            endpoint: try Endpoint("https://server.test/"), proxy: try Proxy("http://u:secret@proxy.test:1", source: "")
        ) { try $0.addHandler(collector) }
        try channel.pipeline.syncOperations.addHandler(handler)
        let opened = handler.open(on: channel, before: .distantFuture)
        let request = try #require(try channel.readOutbound(as: ByteBuffer.self))
        #expect(String(buffer: request).hasPrefix("CONNECT server.test:443 HTTP/1.1\r\n"))
        for piece in answer { _ = try? channel.writeInbound(ByteBuffer(string: piece)) }
        channel.embeddedEventLoop.run()
        let isOpen = channel.isActive
        _ = try? channel.finish(acceptAlreadyClosed: true)
        let result = Result { try opened.wait() }
        return (result, collector.text, isOpen)
    }

    @Test("Once the proxy has connected, what it says is the server's, also what came with the answer")
    func opened() throws {
        let (result, behind, isOpen) = try tunnel(answer: ["HTTP/1.1 200 OK\r\n", "A: b\r\n\r\nfir", "st"])
        #expect(throws: Never.self) { try result.get() }
        #expect(behind == "first")
        #expect(isOpen)
    }

    @Test(
        "A refusal is told in a sentence with the proxy, the server and the status, and without the password",
        arguments: [
            ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", ConnectError.ProxyFailure.authentication, "407"),
            ("HTTP/1.1 403 Filtered\r\n\r\n", .status(403), "Filtered"),
            ("HTTP/1.1 502 Bad Gateway\r\nX-Squid-Error: ERR_DNS_FAIL 0\r\n\r\n", .status(502), "ERR_DNS_FAIL"),
            ("HTTP/1.1 503 No\r\nProxy-Status: p; error=dns_error\r\n\r\n", .status(503), "dns_error"),
            ("SSH-2.0-x\r\n", .notProxy, "no HTTP proxy"),
        ])
    func refused(_ answer: String, _ failure: ConnectError.ProxyFailure, _ detail: String) throws {
        let (result, behind, isOpen) = try tunnel(answer: [answer])
        let error = #expect(throws: ConnectError.self) { try result.get() }
        #expect(error?.kind == .proxy(failure))
        #expect(error?.description.contains("proxy.test:1") == true)
        if failure != .notProxy { #expect(error?.description.contains("server.test") == true) }
        #expect(error?.description.contains(detail) == true)
        #expect(error?.description.contains("secret") == false)
        #expect(behind.isEmpty)
        #expect(!isOpen)
    }
}
