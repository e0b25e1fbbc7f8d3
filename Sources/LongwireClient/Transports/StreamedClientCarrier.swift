internal import LongwireProtocol
internal import LongwireSession
internal import LongwireTransport
internal import NIOCore
internal import NIOHTTP1

/// Carries one path of a session over one response that streams.
///
/// On `duplex` it answers a POST whose body carries our frames at once; on `stream` a GET with OPEN in its head, while
/// our frames go in uplinks, ``FiniteRequests``.
final class StreamedClientCarrier: ChannelInboundHandler, ClientCarrier {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private enum Response {
        /// Its head has not come.
        case awaited
        case frames
        /// Something else than frames: its start is kept to say what it was.
        case foreign(FiniteResponse)
        case over
    }

    let path: UInt64
    let transport: TransportKind
    /// What of the body's declared length is left; nil where it has none.
    private var lengthLeft: Int?
    private let core: SessionCore
    private let dialer: Dialer
    private let listener: any CarrierListener
    /// What carries our frames where the body does not.
    private let uplinks: FiniteRequests?
    private let startedAt: NIODeadline
    private let tap: FrameTap?
    private var context: ChannelHandlerContext?
    private var decoder = FrameDecoder()
    private var response = Response.awaited
    /// What came of the response while it may still turn out that somebody held it back to its end.
    private var unjudged: ByteBuffer?
    /// A response with a length was whole before it was passed on.
    private var hasLength = false
    private var isHeadWritten = false
    private var isBodyEnded = false
    private var isClosed = false
    private var lastWord: LastWord?
    /// The most of a response with a length that is kept until its end: it can be no more than a refusal.
    private static let unjudgedLimit = 64 * 1024

    /// - Parameter declaredLength: what is said to be the length of a `duplex` body; nil to send it in chunks.
    init(
        path: UInt64, transport: TransportKind, declaredLength: Int? = nil, core: SessionCore, dialer: Dialer,
        listener: any CarrierListener, tap: FrameTap? = nil
    ) {
        self.path = path
        self.transport = transport
        lengthLeft = declaredLength
        self.core = core
        self.dialer = dialer
        self.listener = listener
        self.tap = tap
        startedAt = .now()
        uplinks =
            transport == .stream
            ? FiniteRequests(path: path, isPoll: false, core: core, dialer: dialer, tap: tap, failed: { _ in }) : nil
    }

    /// Opens the connection; what follows is told to the session.
    func start() {
        let carrier = NIOLoopBound(self, eventLoop: core.eventLoop)
        dialer.connect(on: core.eventLoop) { carrier.value }.whenComplete { carrier.value.dialled($0) }
    }

    private func dialled(_ result: Result<any Channel, any Error>) {
        switch result {
        case .failure(let error):
            var reason = DialFailure.dialling(error, dialer: dialer)
            reason.isAboutHost = true
            gone(reason)
        case .success(let channel):
            // A session that ended meanwhile must not be opened again.
            guard !isClosed, !core.machine.isEnded else { return channel.close(promise: nil) }
            core.turn { $0.add(self, for: path) }
            listener.carrierConnected(path, after: .now() - startedAt)
        }
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
                unjudged = ByteBuffer()
                hasLength = head.headers.contains(name: "Content-Length")
            } else {
                response = .foreign(FiniteResponse(head))
            }
        case .body(let bytes): bodyReceived(bytes)
        case .end: ended()
        }
    }

    private func bodyReceived(_ bytes: ByteBuffer) {
        switch response {
        case .frames:
            guard !isClosed else { return }
            guard unjudged == nil else {
                unjudged?.writeImmutableBuffer(bytes)
                // One that streams is judged after this read, however much came with it.
                guard !hasLength || unjudged?.readableBytes ?? 0 <= Self.unjudgedLimit else {
                    return gone(ConnectError(.notLongwire, "the answer to an OPEN is too long and does not stream"))
                }
                return
            }
            framesReceived(bytes)
        case .foreign(var answer):
            if answer.body.readableBytes < 8192 { answer.body.writeImmutableBuffer(bytes) }
            response = .foreign(answer)
        case .awaited, .over: break
        }
    }

    private func framesReceived(_ bytes: ByteBuffer) {
        core.turn { core in
            core.machine.bytesReceived(bytes.readableBytes, on: path, now: .now())
            decoder.append(bytes)
            decode()
        }
    }

    /// The response goes on: it streams, and what came of it counts.
    func channelReadComplete(context: ChannelHandlerContext) {
        if !hasLength { judge() }
        context.fireChannelReadComplete()
    }

    private func judge() {
        guard let bytes = unjudged else { return }
        unjudged = nil
        if bytes.readableBytes > 0, !isClosed { framesReceived(bytes) }
    }

    /// Whether a response that came together with its end opened a path that was over by then.
    ///
    /// Somebody held it back until the server gave the path up. A refusal is one frame and an end, and a session that
    /// is being closed may end so as well.
    private var wasHeldBack: Bool {
        guard let unjudged, unjudged.readableBytes > 0, !core.machine.isOpened(path), !core.machine.outbox.isClosing
        else {
            return false
        }
        var decoder = FrameDecoder()
        decoder.append(unjudged)
        guard case .opened = try? decoder.next() else { return false }
        return true
    }

    private func decode() {
        do {
            let now = NIODeadline.now()
            while !isClosed {
                // OPENED may just have agreed on one.
                decoder.checksum = core.machine.checksum
                guard let frame = try decoder.next() else { break }
                tap?.read(frame)
                core.machine.frameReceived(frame, on: path, now: now)
            }
            decoder.readCompleted()
        } catch {
            core.machine.inputUnreadable(on: path, reason: "\(error)", now: .now())
        }
    }

    private func ended() {
        lastWord?.lineEnded()
        let response = response
        self.response = .over
        switch response {
        case .foreign(let answer):
            gone(ForeignAnswer.describe(answer, dialer: dialer))
        case .frames:
            guard !isClosed else { return }
            guard !wasHeldBack else {
                return gone(ConnectError(.timedOut, "somebody on the way held the response back until it ended"))
            }
            judge()
            guard !isClosed else { return }
            isClosed = true
            uplinks?.close()
            listener.carrierLost(path, ConnectError(.unreachable, "the web server ended the response"))
            core.turn { core in
                core.forgetCarrier(of: path)
                core.machine.responseEnded(on: path, now: .now())
            }
            context?.close(promise: nil)
        case .awaited, .over: break
        }
    }

    /// What was answered that is no Longwire's, also where it was cut short.
    private var answered: ConnectError? {
        guard case .foreign(let answer) = response else { return nil }
        return ForeignAnswer.describe(answer, dialer: dialer)
    }

    func channelInactive(context: ChannelHandlerContext) {
        lastWord?.lineEnded()
        gone(answered ?? ConnectError(.unreachable, "the connection was closed"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        lastWord?.lineEnded()
        gone(answered ?? DialFailure.describe(error, dialer: dialer))
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
        uplinks?.close()
        listener.carrierLost(path, reason)
        core.turn { core in
            core.forgetCarrier(of: path)
            core.machine.pathLost(path, now: .now())
        }
        context?.close(promise: nil)
    }

    // MARK: From the session

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func write(control: ByteBuffer, data: ByteBuffer?) {
        guard let context, !isBodyEnded else { return }
        if uplinks != nil { return get(opening: control, context: context) }
        if !isHeadWritten {
            isHeadWritten = true
            let framing = lengthLeft.map { ("Content-Length", String($0)) } ?? ("Transfer-Encoding", "chunked")
            let head = dialer.head(.POST, session: core.machine.identifier, path: path, fields: [framing])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
        }
        // One chunk: what the session counts as one piece must be one on the wire.
        var piece = control
        if var data {
            if piece.readableBytes == 0 { piece = data } else { piece.writeBuffer(&data) }
        }
        if let left = lengthLeft {
            // Rotation comes long before; what it did not prevent must not be taken for the next request.
            guard piece.readableBytes <= left else {
                let carrier = NIOLoopBound(self, eventLoop: core.eventLoop)
                return core.eventLoop.execute {
                    carrier.value.gone(ConnectError(.unreachable, "the declared length is used up"))
                }
            }
            lengthLeft = left - piece.readableBytes
        }
        context.write(wrapOutboundOut(.body(.byteBuffer(piece))), promise: nil)
        tap?.wrote(piece, checksum: core.machine.checksum)
        endBody()
    }

    /// Ends the body once both sides have closed: some servers pass the end of a response on only behind that of the
    /// request.
    private func endBody() {
        guard transport == .duplex, lengthLeft == nil, isHeadWritten, !isBodyEnded, core.machine.isAllSaid else {
            return
        }
        isBodyEnded = true
        context?.write(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// The request of a downlink; nothing follows it on this connection.
    private func get(opening: ByteBuffer, context: ChannelHandlerContext) {
        guard !isHeadWritten else { return }
        isHeadWritten = true
        let head = dialer.head(
            .GET, session: core.machine.identifier, path: path,
            fields: [(HTTPBinding.openField, Base64.urlEncoded(opening.readableBytesView))])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.end(nil)), promise: nil)
        tap?.wrote(opening, checksum: core.machine.checksum)
    }

    func exchange(_ core: SessionCore, now: NIODeadline) {
        uplinks?.exchange(now: now)
        guard core.machine.isAllSaid, !isBodyEnded else { return }
        endBody()
        context?.flush()
    }

    func flush() { context?.flush() }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        uplinks?.close()
        // What was written before goes first; the body is left unfinished, since the session has ended it.
        context?.close(promise: nil)
    }

    func closeAfterLastWord(_ heard: @escaping () -> Void) {
        guard !isClosed, let context, isHeadWritten else {
            close()
            return heard()
        }
        isClosed = true
        if let uplinks {
            uplinks.closeAfterLastWord(heard)
            return context.close(promise: nil)
        }
        let channel = context.channel
        lastWord = LastWord(on: core.eventLoop) {
            channel.close(promise: nil)
            heard()
        }
        guard lengthLeft == nil, !isBodyEnded else { return }
        isBodyEnded = true
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
