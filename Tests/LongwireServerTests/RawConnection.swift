import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TestSupport

/// A TCP connection that sends text as it is and collects what comes: a client that knows nothing of sessions.
final class RawConnection: Sendable {
    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let text: NIOLockedValueBox<(text: String, isOver: Bool)>

        init(_ text: NIOLockedValueBox<(text: String, isOver: Bool)>) { self.text = text }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            text.withLockedValue { $0.text += String(buffer: bytes) }
        }

        func channelInactive(context: ChannelHandlerContext) { text.withLockedValue { $0.isOver = true } }
    }

    private let channel: any Channel
    private let collected = NIOLockedValueBox((text: "", isOver: false))

    init(port: Int, readsOnDemand: Bool = false) async throws {
        let collected = collected
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: !readsOnDemand)
            .channelOption(.socketOption(.so_rcvbuf), value: 64 * 1024)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(collected))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    /// Everything that came so far.
    var text: String { collected.withLockedValue { $0.text } }
    var isOver: Bool { collected.withLockedValue { $0.isOver } }

    func send(_ text: String) async throws { try await send(ByteBuffer(string: text)) }
    func send(_ bytes: ByteBuffer) async throws { try await channel.writeAndFlush(bytes) }

    /// Sends a request with a body, if any, and its length.
    func request(_ line: String, _ fields: [String] = [], body: String = "") async throws {
        let length = body.isEmpty ? [] : ["Content-Length: \(body.utf8.count)"]
        let head = ["\(line) HTTP/1.1", "Host: localhost"] + fields + length
        try await send(head.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    /// Waits until what came holds `part`, and gives all of it.
    @discardableResult
    func waits(for part: String) async throws -> String {
        try await eventually("\"\(part)\" comes") { self.text.contains(part) }
        return text
    }

    func waitsForEnd() async throws -> String {
        try await eventually("the connection ends") { self.isOver }
        return text
    }

    func read() { channel.setOption(.autoRead, value: true).whenComplete { _ in } }
    func close() async throws { try await channel.close() }

    /// One request on a connection of its own, and its whole answer.
    static func answer(
        port: Int, _ line: String, _ fields: [String] = [], body: String = ""
    ) async throws -> String {
        let connection = try await RawConnection(port: port)
        try await connection.request(line, fields + ["Connection: close"], body: body)
        return try await connection.waitsForEnd()
    }
}
