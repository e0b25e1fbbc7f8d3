import LongwireClient
import LongwireProtocol
import NIOCore
import NIOPosix
import NIOConcurrencyHelpers
import TestSupport

/// What was seen on the wire between client and web server, or said by a part of the test, in the order of seeing.
struct FlowEvent: Sendable {
    enum What: Sendable {
        case frame(Frame)
        /// The body of the request or of the response came to its end as HTTP tells it.
        case bodyEnded
        /// This side of the connection was closed.
        case closed
        /// A part of the test says what it did.
        case mark(String)
    }

    var direction: TCPCutter.Direction?
    var what: What
}

/// The events of one or more connections.
final class FlowLog: Sendable {
    private let state = NIOLockedValueBox<[FlowEvent]>([])

    var events: [FlowEvent] { state.withLockedValue { $0 } }
    func add(_ what: FlowEvent.What, _ direction: TCPCutter.Direction?) {
        state.withLockedValue { $0.append(FlowEvent(direction: direction, what: what)) }
    }
    func mark(_ text: String) { add(.mark(text), nil) }

    /// The events as short texts, in order, ACK, PING and PONG left out: `up MESSAGE 1`, `down CLOSE 0`, `down end`.
    var texts: [String] { events.compactMap(Self.text) }

    /// The greatest `received` that the server told.
    var coveredByServer: UInt64 {
        events.reduce(0) { most, event in
            guard event.direction == .down, case .frame(let frame) = event.what else { return most }
            switch frame {
            case .opened(let opened): return max(most, opened.received)
            case .ack(let ack): return max(most, ack.received)
            default: return most
            }
        }
    }

    private static func text(_ event: FlowEvent) -> String? {
        let side = event.direction == .up ? "up" : "down"
        switch event.what {
        case .mark(let text): return text
        case .bodyEnded: return "\(side) end"
        case .closed: return "\(side) closed"
        case .frame(let frame):
            switch frame {
            case .open: return "\(side) OPEN"
            case .opened: return "\(side) OPENED"
            case .numbered(let numbered):
                switch numbered.content {
                case .message, .text: return "\(side) MESSAGE"
                case .fragment: return "\(side) FRAGMENT"
                case .close(let code, _): return "\(side) CLOSE \(code.rawValue)"
                }
            case .going: return "\(side) GOING"
            case .abort(let abort): return "\(side) ABORT \(abort.code.rawValue)"
            case .ack, .ping, .pong: return nil
            }
        }
    }
}

/// A TCP proxy before a web server that decodes what goes through into a ``FlowLog``; no back-pressure.
final class FlowTap: Sendable {
    let port: Int
    let log = FlowLog()
    private let channel: any Channel

    init(target: Int) async throws {
        port = try FreePort.next()
        let log = log
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { front in
                ClientBootstrap(group: front.eventLoop)
                    .channelOption(.autoRead, value: false)
                    .channelOption(.allowRemoteHalfClosure, value: true)
                    .connect(host: "127.0.0.1", port: target)
                    .flatMapThrowing { back in
                        try front.pipeline.syncOperations.addHandler(FlowTapHandler(.up, to: back, log: log))
                        try back.pipeline.syncOperations.addHandler(FlowTapHandler(.down, to: front, log: log))
                        _ = front.setOption(.autoRead, value: true)
                        _ = back.setOption(.autoRead, value: true)
                    }
            }
            .bind(host: "127.0.0.1", port: port).get()
    }

    deinit { channel.close(promise: nil) }
}

/// One direction of one connection.
private final class FlowTapHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let direction: TCPCutter.Direction
    private let other: any Channel
    private let log: FlowLog
    private var body = FlowChunkedReader()
    private var decoder = FrameDecoder()

    init(_ direction: TCPCutter.Direction, to other: any Channel, log: FlowLog) {
        self.direction = direction
        self.other = other
        self.log = log
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        // Noted before it is passed on: what it causes is noted after it.
        note(bytes)
        other.writeAndFlush(bytes, promise: nil)
    }

    private func note(_ bytes: ByteBuffer) {
        let wasOver = body.isOver
        for piece in body.read(bytes) {
            decoder.append(piece)
            while let frame = try? decoder.next() { log.add(.frame(frame), direction) }
            decoder.readCompleted()
        }
        if body.isOver, !wasOver { log.add(.bodyEnded, direction) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else { return }
        log.add(.closed, direction)
        other.close(mode: .output, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// Finds the chunked body of one HTTP/1.1 message in a stream of bytes.
struct FlowChunkedReader {
    private enum State {
        case head, size, data(Int), dataEnd, over
    }

    private var state = State.head
    private var pending = ByteBuffer()

    /// Whether the last chunk came.
    var isOver: Bool { if case .over = state { true } else { false } }

    /// Takes bytes and gives the pieces of body in them.
    mutating func read(_ bytes: ByteBuffer) -> [ByteBuffer] {
        pending.writeImmutableBuffer(bytes)
        var pieces: [ByteBuffer] = []
        while true {
            switch state {
            case .head:
                guard let line = readLine() else { return pieces }
                if line.isEmpty { state = .size }
            case .size:
                guard let line = readLine() else { return pieces }
                let size = Int(line.prefix { $0 != ";" }, radix: 16) ?? 0
                state = size == 0 ? .over : .data(size)
            case .data(let left):
                guard let piece = pending.readSlice(length: min(left, pending.readableBytes)),
                    piece.readableBytes > 0
                else { return pieces }
                pieces.append(piece)
                state = piece.readableBytes == left ? .dataEnd : .data(left - piece.readableBytes)
            case .dataEnd:
                guard readLine() != nil else { return pieces }
                state = .size
            case .over: return pieces
            }
        }
    }

    private mutating func readLine() -> String? {
        guard let end = pending.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        // "\r\n" is one Character.
        return pending.readString(length: end - pending.readerIndex + 1).map { String($0.dropLast()) }
    }
}
