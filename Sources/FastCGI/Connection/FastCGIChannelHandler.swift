internal import Logging
internal import NIOCore

/// The whole of a FastCGI connection in one channel handler: it decodes, demultiplexes and hands parts to the requests,
/// and writes their records.
///
/// All records of one read are handled before the requests are told that the read is complete; what they flush
/// meanwhile is flushed once, at the end. This file holds the channel's events; what records do is in `+Input`, what
/// is written in `+Output`.
final class FastCGIChannelHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Phase {
        case open
        /// The last response is written; input is discarded until the connection is closed.
        case ending
        case closed
    }

    let loop: ConnectionLoop
    var server: ServerContext { self.loop.server }
    var context: ChannelHandlerContext?
    private var headTimer: HeadTimer?
    var machine: ConnectionStateMachine<FastCGIRequest>
    // Small ones stand together: alone, each takes a word.
    /// Requests that are paused and have filled what may be held for them.
    var fullRequests: UInt16 = 0
    var phase = Phase.open
    private var isCounted = false
    /// What the channel said last, which it says with every change.
    private(set) var isChannelWritable = false

    // Flushing once a read.
    var isInRead = false
    var needsFlush = false

    // Back-pressure: why the socket is not read, and whether somebody asked for a read meanwhile.
    var hasWrittenReplies = false
    private var awaitsWritability = false
    private var hasPendingRead = false
    /// Where the registry has this connection.
    private var place: UInt32 = 0

    var decoder = RecordDecoder()

    init(_ loop: ConnectionLoop) {
        self.loop = loop
        self.machine = ConnectionStateMachine(limits: loop.server.requestLimits)
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.isChannelWritable = context.channel.isWritable
        if context.channel.isActive { self.opened(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.connectionClosed(.connectionLost)
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        self.opened(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.connectionClosed(.connectionLost)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.server.logger.debug("FastCGI connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard self.phase == .open else { return }
        self.isInRead = true
        self.received(self.unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.readCompleted()
        if self.hasWrittenReplies {
            // A peer that asks and does not read our answers is not read either: nothing queues without a bound.
            self.hasWrittenReplies = false
            self.awaitsWritability = !context.channel.isWritable
        }
        self.updateHeadTimer()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let isWritable = context.channel.isWritable
        self.isChannelWritable = isWritable
        if isWritable, self.awaitsWritability {
            self.awaitsWritability = false
            self.resumeReading()
        }
        if let request = self.machine.onlyPayload {
            request.writabilityChanged(isWritable)
        } else {
            for request in self.machine.payloads { request.writabilityChanged(isWritable) }
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? DrainEvent else { return context.fireUserInboundEventTriggered(event) }
        switch event {
        case .drain: self.machine.drain()
        case .release: self.machine.keepsNoConnection()
        }
        if self.machine.isFinished, self.phase == .open { context.close(promise: nil) }
    }

    // MARK: Reading

    func read(context: ChannelHandlerContext) {
        if self.mayRead {
            context.read()
        } else {
            self.hasPendingRead = true
        }
    }

    private var mayRead: Bool {
        self.phase != .open || (self.fullRequests == 0 && !self.awaitsWritability)
    }

    /// Asks for the read that was held back, where nothing holds it back any more.
    func resumeReading() {
        guard self.hasPendingRead, self.mayRead else { return }
        self.hasPendingRead = false
        self.context?.read()
    }

    // MARK: Opening and closing

    private func opened(_ context: ChannelHandlerContext) {
        guard !self.isCounted, self.phase == .open else { return }
        if let addresses = self.server.configuration.webServerAddresses,
            !addresses.allows(context.channel.remoteAddress)
        {
            self.server.logger.info(
                "Connection refused: the peer is not in FCGI_WEB_SERVER_ADDRS",
                metadata: ["peer": "\(context.channel.remoteAddress?.description ?? "")"])
            self.phase = .ending
            return context.close(promise: nil)
        }
        guard self.server.openConnections.acquire() else {
            self.server.logger.info(
                "Connection refused: maximumConnections reached",
                metadata: ["limit": "\(self.server.configuration.maximumConnections)"])
            self.phase = .ending
            return context.close(promise: nil)
        }
        self.isCounted = true
        if let registry = self.loop.registry { self.place = registry.add(context.channel) }
        self.updateHeadTimer()
    }

    /// Tells every open request, once, and lets go of everything.
    func connectionClosed(_ reason: FastCGICloseReason) {
        guard self.phase != .closed else { return }
        self.phase = .closed
        if self.isCounted {
            self.isCounted = false
            self.server.openConnections.release()
            self.loop.registry?.remove(self.place)
        }
        self.headTimer?.cancel()
        self.headTimer = nil
        self.decoder = RecordDecoder()
        for request in self.machine.connectionClosed() { request.ended(reason) }
    }

    // MARK: The time for a head

    /// In an object, for most connections are past that time.
    private final class HeadTimer {
        private let scheduled: Scheduled<Void>
        init(_ scheduled: Scheduled<Void>) { self.scheduled = scheduled }
        func cancel() { self.scheduled.cancel() }
    }

    /// Whether the peer owes us the rest of a head.
    private var awaitsHead: Bool {
        self.phase == .open
            && (!self.machine.hasServed || self.machine.awaitsParameters
                || (self.machine.openRequests == 0 && self.decoder.isWithinRecord))
    }

    private func updateHeadTimer() {
        guard self.awaitsHead else {
            self.headTimer?.cancel()
            self.headTimer = nil
            return
        }
        if self.headTimer == nil { self.scheduleHeadTimer(in: self.server.configuration.headTimeout) }
    }

    private func scheduleHeadTimer(in time: TimeAmount) {
        // It is cancelled when the connection closes; a weak reference would cost memory for as long as that is open.
        self.headTimer = HeadTimer(
            self.loop.eventLoop.assumeIsolated().scheduleTask(in: time) { self.headTimerFired() })
    }

    private func headTimerFired() {
        self.headTimer = nil
        guard self.awaitsHead, let context = self.context else { return }
        let limit = self.server.configuration.headTimeout
        if self.machine.hasServed, let since = self.machine.oldestIncompleteHead {
            let left = since + limit - context.eventLoop.now
            if left > .zero { return self.scheduleHeadTimer(in: left) }
        }
        self.server.logger.info(
            "Connection closed: no complete request head in time", metadata: ["headTimeout": "\(limit)"])
        context.close(promise: nil)
    }
}
