internal import NIOConcurrencyHelpers
internal import NIOCore

/// The bytes of a pipe or a socket: read when somebody asks for them, written no faster than the other side takes them.
///
/// On the channel's event loop only, with at most one task that reads; the channel must not read by itself.
final class ByteChannel: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Small writes of one turn of the event loop go out together, up to this many bytes.
    private static let batchBytes = 16 * 1024

    private var context: ChannelHandlerContext?
    /// What was read and not asked for: no more than one read brings.
    private var received = CircularBuffer<ByteBuffer>(initialCapacity: 1)
    private var pending = ByteBuffer()
    private var isFlushScheduled = false
    private var isInputOver = false
    private var isOutputOver = false
    private var failure: (any Error)?
    private var reader: CheckedContinuation<ByteBuffer?, any Error>?
    private var writers: [CheckedContinuation<Void, any Error>] = []

    /// Whether somebody waits for bytes and there are none.
    var isStarved: Bool { reader != nil }
    /// The bytes that were read and not asked for.
    var receivedBytes: Int { received.reduce(0) { $0 + $1.readableBytes } }
    /// The bytes that were to be written and have not left this process.
    var unwrittenBytes: Int {
        let buffered = try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)
        return pending.readableBytes + (buffered ?? 0)
    }
    /// Whether the channel is still there.
    var isOpen: Bool { context != nil }

    // MARK: Reading

    /// The next bytes, or nil when there are no more.
    ///
    /// - Throws: what broke the channel.
    func next() async throws -> ByteBuffer? {
        if let chunk = received.popFirst() { return chunk }
        if isInputOver {
            if let failure { throw failure }
            return nil
        }
        return try await withCheckedThrowingContinuation { continuation in
            reader = continuation
            context?.read()
        }
    }

    // MARK: Writing

    /// Writes bytes; returns when more may be written.
    ///
    /// - Throws: what broke the channel.
    func write(_ bytes: ByteBuffer) async throws {
        guard let context, !isOutputOver else { throw failure ?? ChannelError.ioOnClosedChannel }
        if pending.readableBytes + bytes.readableBytes <= Self.batchBytes {
            pending.writeImmutableBuffer(bytes)
            flushSoon(context)
        } else {
            writePending(context)
            context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        }
        guard !context.channel.isWritable else { return }
        try await withCheckedThrowingContinuation { writers.append($0) }
    }

    /// Ends what the other side reads, once it has got everything written before.
    ///
    /// - Parameter isHalf: whether the channel may still be read.
    func finishWriting(isHalf: Bool) async {
        guard let context, !isOutputOver else { return }
        isOutputOver = true
        let written = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(pending), promise: written)
        pending = ByteBuffer()
        do { try await written.futureResult.get() } catch { return }
        self.context?.close(mode: isHalf ? .output : .all, promise: nil)
    }

    /// Closes at once; what was not yet taken is dropped.
    func close() { context?.close(promise: nil) }

    private func writePending(_ context: ChannelHandlerContext) {
        guard pending.readableBytes > 0 else { return }
        context.write(wrapOutboundOut(pending), promise: nil)
        pending = ByteBuffer()
    }

    private func flushSoon(_ context: ChannelHandlerContext) {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        let this = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute { this.value.flushPending() }
    }

    private func flushPending() {
        isFlushScheduled = false
        guard let context, !isOutputOver else { return }
        writePending(context)
        context.flush()
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { over() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        guard let waiting = reader else { return received.append(bytes) }
        reader = nil
        waiting.resume(returning: bytes)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { endInput() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { resumeWriters(.success(())) }
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if failure == nil { failure = error }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        over()
        context.fireChannelInactive()
    }

    private func over() {
        context = nil
        endInput()
        resumeWriters(.failure(failure ?? ChannelError.ioOnClosedChannel))
    }

    private func endInput() {
        isInputOver = true
        let waiting = reader
        reader = nil
        if let failure { waiting?.resume(throwing: failure) } else { waiting?.resume(returning: nil) }
    }

    private func resumeWriters(_ result: Result<Void, any Error>) {
        let waiting = writers
        writers = []
        for writer in waiting { writer.resume(with: result) }
    }
}
