internal import LongwireProtocol
internal import LongwireSession
internal import LongwireTransport
internal import NIOCore
internal import NIOHTTP1

/// Carries one path of a session over a line that carries frames and nothing else: the transports `tcp` and
/// `websocket`.
final class LineClientCarrier: ChannelInboundHandler, ClientCarrier {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let path: UInt64
    let transport: TransportKind
    private let core: SessionCore
    private let dialer: Dialer
    private let listener: any CarrierListener
    private let startedAt = NIODeadline.now()
    private let tap: FrameTap?
    /// Known before the handler is in its place, which on `websocket` the answer decides.
    private var channel: (any Channel)?
    private var context: ChannelHandlerContext?
    private var decoder = FrameDecoder()
    private var isClosed = false
    private var lastWord: LastWord?

    /// - Parameter dialer: leads to where the line begins, which on `tcp` is not where HTTP is.
    init(
        path: UInt64, transport: TransportKind, core: SessionCore, dialer: Dialer, listener: any CarrierListener,
        tap: FrameTap? = nil
    ) {
        self.path = path
        self.transport = transport
        self.core = core
        self.dialer = dialer
        self.listener = listener
        self.tap = tap
    }

    // MARK: Connecting

    func start() {
        let carrier = NIOLoopBound(self, eventLoop: core.eventLoop)
        dialer.connectForBytes(on: core.eventLoop) { pipeline in
            let carrier = carrier.value
            if carrier.transport == .websocket {
                try carrier.askForWebSocket(pipeline)
            } else {
                try pipeline.addHandler(carrier)
            }
        }.whenComplete { carrier.value.dialled($0) }
    }

    private func dialled(_ result: Result<any Channel, any Error>) {
        switch result {
        case .failure(let error): gone(DialFailure.dialling(error, dialer: dialer))
        case .success(let channel):
            // A session that ended meanwhile must not be opened again.
            guard !isClosed, !core.machine.isEnded else { return channel.close(promise: nil) }
            self.channel = channel
            if transport == .tcp { core.turn { $0.add(self, for: path) } }
            listener.carrierConnected(path, after: .now() - startedAt)
        }
    }

    /// Asks for a WebSocket (RFC 6455 section 4.1), and becomes the handler above it.
    private func askForWebSocket(_ pipeline: ChannelPipeline.SynchronousOperations) throws {
        let loop = core.eventLoop
        let head = dialer.head(.GET, session: core.machine.identifier, path: path, fields: [])
        let request = UpgradeRequest(head) { [weak self] answer in
            guard let self else { return }
            self.gone(answer.map { UpgradeRefusal.describe($0, dialer: self.dialer) } ?? Self.ended)
        }
        let (carrier, bound) = (NIOLoopBound(self, eventLoop: loop), NIOLoopBound(request, eventLoop: loop))
        let upgrader = WebSocketUpgrader { channel in
            let pipeline = channel.pipeline.syncOperations
            bound.value.isOver = true
            pipeline.removeHandler(bound.value, promise: nil)
            try pipeline.addHandler(WebSocketLine(isClient: true))
            try pipeline.addHandler(carrier.value)
            carrier.value.upgraded()
        }
        try pipeline.addHTTPClientHandlers(
            leftOverBytesStrategy: .forwardBytes,
            withClientUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
        try pipeline.addHandler(request)
    }

    /// The WebSocket stands: OPEN goes out.
    private func upgraded() {
        guard !isClosed, !core.machine.isEnded else { return closeNow() }
        core.turn { $0.add(self, for: path) }
    }

    // MARK: From the channel

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosed else { return }
        let bytes = unwrapInboundIn(data)
        core.turn { core in
            core.machine.bytesReceived(bytes.readableBytes, on: path, now: .now())
            decoder.append(bytes)
            decode()
        }
    }

    private func decode() {
        let now = NIODeadline.now()
        do {
            while !isClosed {
                // OPENED may just have agreed on one.
                decoder.checksum = core.machine.checksum
                guard let frame = try decoder.next() else { break }
                tap?.read(frame)
                core.machine.frameReceived(frame, on: path, now: now)
            }
            decoder.readCompleted()
        } catch {
            core.machine.inputUnreadable(on: path, reason: "\(error)", now: now)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { ended() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        lastWord?.lineEnded()
        gone(DialFailure.describe(error, dialer: dialer))
        context.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, !isClosed { core.turn { _ in } }
        context.fireChannelWritabilityChanged()
    }

    private static let ended = ConnectError(.unreachable, "the server closed the connection")

    /// The server closed its side: the session's end, or a cut.
    private func ended() {
        lastWord?.lineEnded()
        guard !isClosed else { return }
        isClosed = true
        listener.carrierLost(path, Self.ended)
        core.turn { core in
            core.forgetCarrier(of: path)
            core.machine.responseEnded(on: path, now: .now())
        }
        closeNow()
    }

    /// The line failed: the session goes on without this path.
    func gone(_ reason: ConnectError) {
        guard !isClosed else { return }
        isClosed = true
        listener.carrierLost(path, reason)
        core.turn { core in
            core.forgetCarrier(of: path)
            core.machine.pathLost(path, now: .now())
        }
        closeNow()
    }

    private func closeNow() { channel?.close(promise: nil) }

    // MARK: From the session

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func write(control: ByteBuffer, data: ByteBuffer?) {
        guard let context else { return }
        for bytes in [control, data ?? ByteBuffer()] where bytes.readableBytes > 0 {
            context.write(wrapOutboundOut(bytes), promise: nil)
            tap?.wrote(bytes, checksum: core.machine.checksum)
        }
    }

    func flush() { context?.flush() }

    func close() { closeAfterLastWord {} }

    func closeAfterLastWord(_ heard: @escaping () -> Void) {
        guard !isClosed else { return heard() }
        isClosed = true
        guard context != nil, let channel else {
            closeNow()
            return heard()
        }
        // What was written goes first, and what still comes is read, so that it does not make the last words a reset.
        channel.close(mode: .output).whenFailure { _ in channel.close(promise: nil) }
        lastWord = LastWord(on: core.eventLoop) {
            channel.close(promise: nil)
            heard()
        }
    }
}
