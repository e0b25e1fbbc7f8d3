import NIOCore
import NIOPosix
import Synchronization

/// Something that listens where a Longwire server is expected, and answers every request with the same bytes.
final class TerminalImpostor: Sendable {
    let port: Int
    private let channel: any Channel
    private let count: Count

    /// - Parameters:
    ///   - answer: what is sent as soon as anything came; nil: nothing ever.
    ///   - closes: whether the connection is closed behind it.
    init(_ answer: ByteBuffer?, closes: Bool = true) async throws {
        let count = Count()
        self.count = count
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    count.value.add(1, ordering: .relaxed)
                    try channel.pipeline.syncOperations.addHandler(Answering(answer: answer, closes: closes))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    convenience init(_ answer: String) async throws { try await self.init(ByteBuffer(string: answer)) }

    /// A response with a head and a body of that length.
    static func response(_ status: String, type: String = "text/html", body: String = "<p>hello</p>\n") -> String {
        "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// How many connections came.
    var connections: Int { count.value.load(ordering: .relaxed) }

    private final class Count: Sendable {
        let value = Atomic(0)
    }

    deinit { channel.close(promise: nil) }

    var url: String { "http://127.0.0.1:\(port)/longwire/echo" }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private var answer: ByteBuffer?
        private let closes: Bool

        init(answer: ByteBuffer?, closes: Bool) {
            self.answer = answer
            self.closes = closes
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard let answer else { return }
            self.answer = nil
            context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
            if closes { context.close(promise: nil) }
        }
    }
}
