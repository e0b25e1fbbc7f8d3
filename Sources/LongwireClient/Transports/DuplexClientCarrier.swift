internal import LongwireProtocol
internal import LongwireSession
internal import LongwireTransport
internal import NIOCore
internal import NIOHTTP1

/// Carries one path of a session over one POST whose body and response carry frames at once: the transport `duplex`.
final class DuplexClientCarrier: ChannelInboundHandler, PathCarrier {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private enum Response {
        /// Its head has not come.
        case awaited
        case frames
        /// Something else than frames: its start is kept to say what it was.
        case foreign(status: Int, type: String, text: ByteBuffer)
        case over
    }

    let path: UInt64
    private let core: SessionCore
    private let head: HTTPRequestHead
    /// Told why, once, before the session is told that the path is lost.
    private let lost: (UInt64, ConnectError) -> Void
    private let endpoint: Endpoint
    private var context: ChannelHandlerContext?
    private var decoder = FrameDecoder()
    private var response = Response.awaited
    private var isHeadWritten = false
    private var isClosed = false

    init(
        path: UInt64, core: SessionCore, head: HTTPRequestHead, endpoint: Endpoint,
        lost: @escaping (UInt64, ConnectError) -> Void
    ) {
        self.path = path
        self.core = core
        self.head = head
        self.endpoint = endpoint
        self.lost = lost
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    // MARK: From the channel

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            let type = head.headers.first(name: "Content-Type") ?? ""
            if head.status == .ok, HTTPBinding.isFrames(type) {
                response = .frames
            } else {
                response = .foreign(status: Int(head.status.code), type: type, text: ByteBuffer())
            }
        case .body(let bytes): bodyReceived(bytes)
        case .end: ended()
        }
    }

    private func bodyReceived(_ bytes: ByteBuffer) {
        switch response {
        case .frames:
            guard !isClosed else { return }
            core.turn { core in
                core.machine.bytesReceived(bytes.readableBytes, on: path, now: .now())
                decoder.append(bytes)
                decode()
            }
        case .foreign(let status, let type, var text):
            if text.readableBytes < 1024 { text.writeImmutableBuffer(bytes) }
            response = .foreign(status: status, type: type, text: text)
        case .awaited, .over: break
        }
    }

    private func decode() {
        do {
            let now = NIODeadline.now()
            while !isClosed, let frame = try decoder.next() { core.machine.frameReceived(frame, on: path, now: now) }
            decoder.readCompleted()
        } catch {
            core.machine.inputUnreadable(on: path, reason: "\(error)", now: .now())
        }
    }

    private func ended() {
        let response = response
        self.response = .over
        switch response {
        case .foreign(let status, let type, let text):
            gone(Self.foreign(status, type: type, text: text, endpoint: endpoint))
        case .frames:
            guard !isClosed else { return }
            isClosed = true
            lost(path, ConnectError(.unreachable, "the web server ended the response"))
            core.turn { core in
                core.forgetCarrier(of: path)
                core.machine.responseEnded(on: path, now: .now())
            }
            context?.close(promise: nil)
        case .awaited, .over: break
        }
    }

    private static func foreign(_ status: Int, type: String, text: ByteBuffer, endpoint: Endpoint) -> ConnectError {
        let place = "\(endpoint.authority)\(endpoint.target)"
        guard status != 200 else {
            let kind = type.isEmpty ? "no content type" : type
            return ConnectError(.notLongwire, "\(place) is not a Longwire servlet: it answered with \(kind)")
        }
        var detail = ""
        if type.hasPrefix("application/problem+json"), let found = ProblemBody.detail(String(buffer: text)) {
            detail = ": " + found
        }
        return ConnectError(.status(status), "\(place) answered with status \(status)\(detail)")
    }

    func channelInactive(context: ChannelHandlerContext) {
        gone(ConnectError(.unreachable, "the connection was closed"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        gone(DialFailure.describe(error, endpoint: endpoint))
        context.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, !isClosed { core.turn { _ in } }
        context.fireChannelWritabilityChanged()
    }

    /// The transaction failed: the session goes on without this path.
    func gone(_ reason: ConnectError) {
        guard !isClosed else { return }
        isClosed = true
        lost(path, reason)
        core.turn { core in
            core.forgetCarrier(of: path)
            core.machine.pathLost(path, now: .now())
        }
        context?.close(promise: nil)
    }

    // MARK: From the session

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func write(control: ByteBuffer, data: ByteBuffer?) {
        guard let context else { return }
        if !isHeadWritten {
            isHeadWritten = true
            context.write(wrapOutboundOut(.head(head)), promise: nil)
        }
        // One chunk: what the session counts as one piece must be one on the wire.
        var piece = control
        if var data {
            if piece.readableBytes == 0 { piece = data } else { piece.writeBuffer(&data) }
        }
        context.write(wrapOutboundOut(.body(.byteBuffer(piece))), promise: nil)
    }

    func flush() { context?.flush() }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        // What was written before goes first; the body is left unfinished, since the session has ended it.
        context?.close(promise: nil)
    }
}
