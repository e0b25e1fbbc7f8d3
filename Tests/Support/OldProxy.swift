import Foundation
import NIOCore
import NIOPosix

/// A forward proxy as they were: it speaks HTTP/1.0, knows no chunks and no keep-alive, and says where a response ends
/// by closing the connection.
package final class OldProxy: Sendable {
    /// The port it listens on.
    package let port: Int
    private let channel: any Channel

    /// Starts it on a free loopback port.
    package init() async throws {
        let port = try FreePort.next()
        self.port = port
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(OldProxyLine(isClient: true))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
    }

    /// Its URL.
    package var url: String { "http://127.0.0.1:\(port)" }

    /// Accepts nothing more.
    package func stop() async throws { try await channel.close() }
}

/// One of the two connections of a request: it changes the head that comes first, and passes the rest on as it is.
private final class OldProxyLine: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let isClient: Bool
    private var other: (any Channel)?
    private var start = ByteBuffer()
    private var isHeadOver = false
    /// What came before the other connection stood.
    private var waiting = ByteBuffer()

    init(isClient: Bool, other: (any Channel)? = nil) {
        self.isClient = isClient
        self.other = other
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard !isHeadOver else { return pass(bytes) }
        start.writeBuffer(&bytes)
        let text = String(buffer: start)
        guard let end = text.range(of: "\r\n\r\n") else { return }
        isHeadOver = true
        start.moveReaderIndex(forwardBy: text[..<end.upperBound].utf8.count)
        let rest = start
        start = ByteBuffer()
        var lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        let dropped = ["transfer-encoding:", "connection:", "keep-alive:", "proxy-"]
        let fields = lines.dropFirst().filter { line in !dropped.contains { line.lowercased().hasPrefix($0) } }
        lines = [lines[0]] + fields + ["Connection: close", "Via: 1.0 old.test"]
        if isClient { request(lines, rest, context: context) } else { response(lines, rest) }
    }

    private func request(_ lines: [String], _ rest: ByteBuffer, context: ChannelHandlerContext) {
        let words = lines[0].split(separator: " ")
        let url = words.count == 3 ? words[1].dropFirst("http://".count) : ""
        let slash = url.firstIndex(of: "/") ?? url.endIndex
        let authority = url[..<slash].split(separator: ":")
        guard authority.count == 2, let port = Int(authority[1]) else { return context.close(promise: nil) }
        let head = ["\(words[0]) \(url[slash...]) HTTP/1.0"] + lines.dropFirst()
        waiting = ByteBuffer(string: head.joined(separator: "\r\n") + "\r\n\r\n")
        waiting.writeImmutableBuffer(rest)
        let client = context.channel
        let line = NIOLoopBound(self, eventLoop: context.eventLoop)
        ClientBootstrap(group: context.eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(OldProxyLine(isClient: false, other: client))
                }
            }
            .connect(host: String(authority[0]), port: port)
            .whenComplete { result in
                guard case .success(let server) = result else { return client.close(promise: nil) }
                line.value.other = server
                line.value.pass(ByteBuffer())
            }
    }

    private func response(_ lines: [String], _ rest: ByteBuffer) {
        let status = lines[0].split(separator: " ").dropFirst().joined(separator: " ")
        let head = ["HTTP/1.0 \(status)"] + lines.dropFirst()
        waiting = ByteBuffer(string: head.joined(separator: "\r\n") + "\r\n\r\n")
        pass(rest)
    }

    private func pass(_ bytes: ByteBuffer) {
        waiting.writeImmutableBuffer(bytes)
        guard let other, waiting.readableBytes > 0 else { return }
        other.writeAndFlush(waiting, promise: nil)
        waiting = ByteBuffer()
    }

    func channelInactive(context: ChannelHandlerContext) { other?.close(promise: nil) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
