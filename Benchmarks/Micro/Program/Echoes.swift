import FastCGI
import Logging
import LongwireServer
import NIOCore
import NIOEmbedded

@testable import LongwireProtocol

extension Operation {
    /// The whole server between a read and a write of its socket: a message in, the same message out.
    static var echoes: [Operation] {
        [
            echo("echo", messages: 1, .inline(EchoServlet())),
            echo("echo-32", messages: 32, .inline(EchoServlet())),
            echo("echo-task", messages: 1, .task(TaskEcho())),
            echo("echo-task-32", messages: 32, .task(TaskEcho())),
        ]
    }

    /// A session from the head of its request to its end, closed by the client, on a connection that is kept.
    static var openings: [Operation] {
        [
            Operation(name: "opening") { rounds in
                let line = try EchoLine(.inline(EchoServlet()))
                let openings = (0..<rounds).map { _ in EchoClient(.random()).opening }
                let (head, closing, lastWord) = (EchoClient.head, EchoClient.closing, EchoClient.lastWord)
                return { round in
                    line.exchange(head, atLeast: 0)
                    line.exchange(openings[round], atLeast: 100)
                    line.exchange(closing, atLeast: 8)
                    line.exchange(lastWord, atLeast: 24)
                }
            }
        ]
    }

    /// Messages of 64 bytes, so many in one read with the acknowledgement of those before.
    private static func echo(_ name: String, messages: Int, _ servlet: ServletKind) -> Operation {
        Operation(name: name, each: messages) { rounds in
            let client = EchoClient()
            let line = try EchoLine(servlet)
            line.exchange(EchoClient.head, atLeast: 0)
            line.exchange(client.opening, atLeast: 100)
            let reads = (0..<rounds).map { _ in client.read(messages: messages) }
            return { line.exchange(reads[$0], atLeast: messages * 64) }
        }
    }

    private struct TaskEcho: Servlet {
        func service(_ session: Session) async throws {
            for try await message in session.messages { try await session.send(message) }
        }
    }
}

/// A connection of a web server to the whole of ours, without a socket.
private final class EchoLine {
    private let channel = EmbeddedChannel()

    init(_ servlet: ServletKind) throws {
        let logger = Logger(label: "micro") { _ in SwiftLogNoOpLogHandler() }
        let mount = try Mount(servlets: ["echo": servlet], logger: logger)
        var configuration = FastCGIConfiguration()
        configuration.webServerAddresses = nil
        try mount.fastCGIServer(configuration: configuration).configure(channel).wait()
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/micro")).wait()
    }

    func exchange(_ read: ByteBuffer, atLeast count: Int) {
        channel.pipeline.fireChannelRead(read)
        channel.pipeline.fireChannelReadComplete()
        channel.embeddedEventLoop.run()
        var written = 0
        while let bytes = try? channel.readOutbound(as: ByteBuffer.self) { written += bytes.readableBytes }
        precondition(written >= count, "the benchmark is wrong: \(written) bytes came back")
    }
}

/// What a client sends, as a web server hands it on.
private final class EchoClient {
    private let identifier: SessionIdentifier
    private var number: UInt64 = 0
    private let payload = ByteBuffer(repeating: UInt8(ascii: "m"), count: 64)
    private static let window: UInt64 = 256 * 1024

    init(_ identifier: SessionIdentifier = SessionIdentifier(high: 1, low: 2)) { self.identifier = identifier }

    static let head = ByteBuffer(bytes: WebServer.head(servlet: "echo"))

    static var closing: ByteBuffer {
        stdin(FrameEncoder.encoded(.numbered(NumberedFrame(number: 1, content: .close(.done, reason: "")))))
    }

    /// The acknowledgement of the server's CLOSE.
    static var lastWord: ByteBuffer {
        stdin(FrameEncoder.encoded(.ack(AckFrame(received: 1, limit: Self.window, extra: 1))))
    }

    var opening: ByteBuffer {
        return Self.stdin(
            FrameEncoder.encoded(
                .open(
                    OpenFrame(
                        transport: .duplex, path: 1, identifier: identifier, token: .random(),
                        instance: nil, using: 1, received: 0, limit: Self.window))))
    }

    func read(messages: Int) -> ByteBuffer {
        var frames = ByteBuffer()
        let limit = Self.window + number * (64 + FrameLimits.overhead)
        if number > 0 { FrameEncoder.writeAck(AckFrame(received: number, limit: limit, extra: 1), to: &frames) }
        for _ in 0..<messages {
            number += 1
            FrameEncoder.write(.numbered(NumberedFrame(number: number, content: .message(payload))), to: &frames)
        }
        return Self.stdin(frames)
    }

    private static func stdin(_ frames: ByteBuffer) -> ByteBuffer {
        ByteBuffer(bytes: WebServer.record(5, Array(frames.readableBytesView)))
    }
}
