internal import HTTPTypes
internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Passes a transaction on to the process whose session it belongs to, and its answer back.
final class Forwarder: HTTPExchangeReceiver {
    private let exchange: any HTTPExchange
    private let failed: () -> Void
    private var channel: (any Channel)?
    /// What came before there was a connection; there is one within a turn or two of the loop.
    private var early: [ForwardFrame]
    private var isOver = false
    /// What was written since the other process last took everything, in bytes of memory.
    private var waiting = 0
    /// More than clients that keep to their credit ever have under way: a process that has stopped reading must not
    /// make this one keep whatever somebody sends.
    private static let waitingLimit = 4 * 1024 * 1024
    /// What a piece takes besides its bytes, until it is written: clients choose how many there are.
    private static let overhead = 256

    private init(_ exchange: any HTTPExchange, _ first: ForwardFrame, failed: @escaping () -> Void) {
        self.exchange = exchange
        self.failed = failed
        early = [first]
    }

    /// Passes on a transaction whose head was received.
    ///
    /// - Parameter failed: called when no process is at `path` any more.
    static func forward(
        _ head: HTTPRequest, _ exchange: any HTTPExchange, facts: ExchangeFacts, to path: String,
        failed: @escaping () -> Void
    ) {
        let forwarder = Forwarder(exchange, .head(head, facts), failed: failed)
        exchange.receiver = forwarder
        let bound = NIOLoopBound(forwarder, eventLoop: exchange.eventLoop)
        ClientBootstrap(group: exchange.eventLoop)
            .channelOption(.writeBufferWaterMark, value: .init(low: 32 * 1024, high: 64 * 1024))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ForwardLine(bound.value))
                }
            }
            .connect(unixDomainSocketPath: path)
            .hop(to: exchange.eventLoop)
            .whenComplete { bound.value.connected($0) }
    }

    private func connected(_ result: Result<any Channel, any Error>) {
        switch result {
        case .success(let channel):
            guard !isOver else { return channel.close(promise: nil) }
            self.channel = channel
            for frame in early { channel.write(frame.encoded(), promise: nil) }
            early = []
            channel.flush()
        case .failure(let error):
            guard !isOver else { return }
            isOver = true
            early = []
            // One that is busy, or for which there is no descriptor just now, still has its sessions.
            if Self.isGone(error) { failed() }
            Problem(
                status: .serviceUnavailable, title: "Not now", detail: "This session's process does not answer.",
                fields: [.retryAfter: "1"]
            ).answer(exchange)
        }
    }

    /// Whether nobody is there, rather than nobody who has time.
    private static func isGone(_ error: any Error) -> Bool {
        guard let error = error as? IOError else { return false }
        return error.errnoCode == ECONNREFUSED || error.errnoCode == ENOENT
    }

    private func write(_ frame: ForwardFrame) {
        guard !isOver else { return }
        if let channel { channel.write(frame.encoded(), promise: nil) } else { early.append(frame) }
    }

    func bodyReceived(_ bytes: ByteBuffer) {
        waiting = channel?.isWritable == true ? 0 : waiting + bytes.readableBytes + Self.overhead
        guard waiting <= Self.waitingLimit else { return lost() }
        write(.body(bytes))
    }

    func bodyEnded() {
        write(.bodyEnded)
        channel?.flush()
    }

    func readCompleted() { channel?.flush() }

    /// Who does not read its answer is not sent more of it than fits.
    func writabilityChanged() {
        channel?.setOption(.autoRead, value: exchange.isWritable).whenFailure { _ in }
    }

    func closed() {
        isOver = true
        early = []
        channel?.close(promise: nil)
    }

    // MARK: The answer

    fileprivate func take(_ frame: ForwardFrame) {
        guard !isOver else { return }
        switch frame {
        case .response(let head): exchange.write(head: head)
        case .body(let bytes): exchange.write(body: bytes)
        case .finish:
            isOver = true
            exchange.finish()
            channel?.close(promise: nil)
        case .drop, .head, .bodyEnded: lost()
        }
    }

    fileprivate func readCompletedByOther() {
        guard !isOver else { return }
        exchange.flush()
        if !exchange.isWritable { writabilityChanged() }
    }

    fileprivate func lost() {
        guard !isOver else { return }
        isOver = true
        exchange.drop()
        channel?.close(promise: nil)
    }
}

/// The connection to the other process.
private final class ForwardLine: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let forwarder: Forwarder
    private var input = ByteBuffer()

    init(_ forwarder: Forwarder) { self.forwarder = forwarder }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        input.writeImmutableBuffer(unwrapInboundIn(data))
        do {
            while let frame = try ForwardFrame.next(in: &input) { forwarder.take(frame) }
            input.discardReadBytes()
        } catch {
            forwarder.lost()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { forwarder.readCompletedByOther() }
    func channelInactive(context: ChannelHandlerContext) { forwarder.lost() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { forwarder.lost() }
}
