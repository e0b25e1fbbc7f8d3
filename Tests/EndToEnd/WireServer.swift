import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// A server that does only what the test says: it keeps every request, and answers when it is told to.
final class WireServer: Sendable {
    /// One request, whole.
    struct Request: Sendable {
        fileprivate let channel: any Channel
        var head: String
        var body: [UInt8]
        var frames: [WireFrame] { WireFrame.all(in: body) }
        var open: WireFrame? { frames.first }
        /// The messages on board.
        var numbered: [WireFrame] { frames.filter { $0.number != nil } }
        var numbers: [UInt64] { frames.compactMap(\.number) }
        /// What the client says it has, in its OPEN and in ACKs.
        var received: UInt64 { max(open?.open?.received ?? 0, frames.compactMap { $0.ack?.first }.max() ?? 0) }
    }

    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private var bytes: [UInt8] = []
        private let keep: (Request) -> Void

        init(_ keep: @escaping (Request) -> Void) { self.keep = keep }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += unwrapInboundIn(data).readableBytesView
            while let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
                let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
                let field = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
                let length = field.flatMap { Int($0.split(separator: " ").last ?? "") } ?? 0
                guard bytes.count >= end.upperBound + length else { return }
                keep(
                    Request(
                        channel: context.channel, head: head,
                        body: Array(bytes[end.upperBound..<end.upperBound + length])))
                bytes.removeFirst(end.upperBound + length)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    let port: Int
    let instance = Wire.random(8)
    private let all = FlowBox<[Request]>([])
    private let answered = FlowBox<Set<Int>>([])
    private let listener: any Channel

    init() async throws {
        port = try FreePort.next()
        let all = all
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Reader { request in all.change { $0.append(request) } })
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
    }

    var url: String { "http://127.0.0.1:\(port)/longwire/test" }
    /// Every request so far.
    var requests: [Request] { all.value }
    /// The requests whose clients wait for an answer, by their places in ``requests``.
    var outstanding: [Int] {
        let (requests, answered) = (requests, answered.value)
        return requests.indices.filter { !answered.contains($0) && requests[$0].channel.isActive }
    }

    /// The request at a place, once it has come.
    func request(_ index: Int) async throws -> Request {
        try await eventually(valueOf: "request \(index) comes; there are \(requests.map(\.frames))") {
            requests.count > index ? requests[index] : nil
        }
    }

    /// Answers a request with frames.
    func answer(_ index: Int, _ frames: [UInt8]) async throws {
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.longwire\r\nContent-Length: \(frames.count)\r\n\r\n"
        try await write(index, Array(head.utf8) + frames)
    }

    /// Answers a request with the ACK that a server gives that has all before `number`.
    func acknowledge(_ index: Int, _ number: UInt64) async throws {
        let size = try await request(index).body.count
        try await answer(index, Wire.ack(received: number, extra: UInt64(size)))
    }

    /// Writes whatever the test wants in answer.
    func write(_ index: Int, _ bytes: [UInt8]) async throws {
        let request = try await request(index)
        answered.change { _ = $0.insert(index) }
        try await request.channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    /// Cuts the connection of a request, unanswered.
    func cut(_ index: Int) async throws {
        let request = try await request(index)
        answered.change { _ = $0.insert(index) }
        try? await request.channel.close()
    }

    /// The beginning of a session: the first two requests are answered, and the third is held.
    func begin() async throws {
        let identifier = try #require(try await request(0).open?.open).identifier
        try await answer(0, Wire.opened(identifier: identifier, instance: instance))
        try await acknowledge(1, 0)
        _ = try await request(2)
    }

    func stop() async throws { try? await listener.close() }
}
