import LongwireProtocol
import LongwireTransport
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import TestSupport

/// A bare line to a server, of TCP or of a WebSocket, on which a test writes frames and reads what comes.
final class FrameLine: Sendable {
    private struct Seen {
        var frames: [Frame] = []
        var status: Int?
        var isOver = false
    }

    private final class Collector: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = ByteBuffer
        private let seen: NIOLockedValueBox<Seen>
        private var decoder = FrameDecoder()

        init(_ seen: NIOLockedValueBox<Seen>) { self.seen = seen }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            decoder.append(unwrapInboundIn(data))
            while let frame = try? decoder.next() { seen.withLockedValue { $0.frames.append(frame) } }
        }

        func channelInactive(context: ChannelHandlerContext) { seen.withLockedValue { $0.isOver = true } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    /// Asks for the upgrade and notes another answer.
    private final class Asker: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = HTTPClientResponsePart
        typealias OutboundOut = HTTPClientRequestPart
        private let head: HTTPRequestHead
        private let seen: NIOLockedValueBox<Seen>

        init(_ head: HTTPRequestHead, _ seen: NIOLockedValueBox<Seen>) {
            self.head = head
            self.seen = seen
        }

        func handlerAdded(context: ChannelHandlerContext) {
            guard context.channel.isActive else { return }
            ask(context)
        }

        func channelActive(context: ChannelHandlerContext) { ask(context) }

        private func ask(_ context: ChannelHandlerContext) {
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if case .head(let head) = unwrapInboundIn(data) {
                seen.withLockedValue { $0.status = Int(head.status.code) }
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            seen.withLockedValue { $0.isOver = true }
            context.fireChannelInactive()
        }
    }

    private let channel: any Channel
    private let seen: NIOLockedValueBox<Seen>

    private init(_ channel: any Channel, _ seen: NIOLockedValueBox<Seen>) {
        self.channel = channel
        self.seen = seen
    }

    /// A TCP connection.
    static func tcp(port: Int) async throws -> FrameLine {
        let seen = NIOLockedValueBox(Seen())
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(seen))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return FrameLine(channel, seen)
    }

    /// A WebSocket, or what answered the wish for one.
    static func webSocket(port: Int, _ target: String, _ fields: [(String, String)] = []) async throws -> FrameLine {
        let seen = NIOLockedValueBox(Seen())
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: target, headers: HTTPHeaders([("Host", "localhost:\(port)")] + fields)
        )
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let asker = NIOLoopBound(Asker(head, seen), eventLoop: channel.eventLoop)
                    let upgrader = NIOWebSocketClientUpgrader { channel, _ in
                        channel.eventLoop.makeCompletedFuture {
                            let pipeline = channel.pipeline.syncOperations
                            pipeline.removeHandler(asker.value, promise: nil)
                            try pipeline.addHandler(NIOFrames())
                            try pipeline.addHandler(Collector(seen))
                            seen.withLockedValue { $0.status = 101 }
                        }
                    }
                    try channel.pipeline.syncOperations.addHTTPClientHandlers(
                        leftOverBytesStrategy: .forwardBytes,
                        withClientUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
                    try channel.pipeline.syncOperations.addHandler(asker.value)
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let line = FrameLine(channel, seen)
        try await eventually("an answer") { line.status != nil || line.isOver }
        return line
    }

    var frames: [Frame] { seen.withLockedValue { $0.frames } }
    /// The status of HTTP that the wish for a WebSocket led to; 101 for one.
    var status: Int? { seen.withLockedValue { $0.status } }
    var isOver: Bool { seen.withLockedValue { $0.isOver } }

    func send(_ frame: Frame) async throws { try await channel.writeAndFlush(FrameEncoder.encoded(frame)) }
    func send(_ bytes: ByteBuffer) async throws { try await channel.writeAndFlush(bytes) }

    /// Waits until a frame is what `pick` looks for.
    func first<Value: Sendable>(_ what: String, _ pick: @Sendable (Frame) -> Value?) async throws -> Value {
        try await eventually(valueOf: what) { self.frames.lazy.compactMap(pick).first }
    }

    func close() async throws { try await channel.close() }
    func waitsForEnd() async throws { try await eventually("the line ends") { self.isOver } }
}

/// Puts messages into the frames of SwiftNIO's own WebSocket, so that ours speaks with one that it did not make.
private final class NIOFrames: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = WebSocketFrame

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        if frame.opcode == .binary { context.fireChannelRead(wrapInboundOut(frame.unmaskedData)) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let frame = WebSocketFrame(fin: true, opcode: .binary, maskKey: .random(), data: unwrapOutboundIn(data))
        context.write(wrapOutboundOut(frame), promise: promise)
    }
}
