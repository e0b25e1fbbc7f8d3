internal import HTTPTypes
internal import NIOCore
internal import NIOHTTPTypes
internal import Synchronization

/// One request of an HTTP/1.1 connection, or one stream of HTTP/2, as an HTTP transaction.
final class HTTPChannelExchange: HTTPExchange {
    private let context: ChannelHandlerContext
    private let mount: Mount
    private(set) var isOver = false
    private var hasRequestEnded: Bool
    /// Whether the client may send another request on this connection.
    private let keepsAlive: Bool
    /// A stream of HTTP/2 is a channel of its own, which ends with it.
    private let isMultiplexed: Bool
    /// The answer is a head alone (RFC 9110 section 9.3.2): a body would be taken for the start of the next answer.
    private let isHeadAlone: Bool
    var receiver: (any HTTPExchangeReceiver)?

    init(context: ChannelHandlerContext, mount: Mount, head: HTTPRequest, isMultiplexed: Bool) {
        self.context = context
        self.mount = mount
        self.isMultiplexed = isMultiplexed
        isHeadAlone = head.method == .head
        guard !isMultiplexed else {
            hasRequestEnded = false
            keepsAlive = false
            return
        }
        let length = head.headerFields[.contentLength] ?? "0"
        // Without a length and without chunks there is no body (RFC 9112 section 6.3), and nothing to wait for.
        hasRequestEnded = length == "0" && head.headerFields[.transferEncoding] == nil
        keepsAlive = head.headerFields[.connection]?.lowercased().contains("close") != true
    }

    private var isLast: Bool { !hasRequestEnded || !keepsAlive }
    /// Whether the client was told that no request can follow on this connection.
    private(set) var endsConnection = false

    var eventLoop: any EventLoop { context.eventLoop }
    var isWritable: Bool { context.channel.isWritable }

    func write(head: HTTPResponse) {
        guard !isOver else { return }
        var head = head
        // A connection whose request may not have ended cannot serve another one; nor is this a process to stay with
        // that comes to its end.
        endsConnection = isLast || mount.isLeaving.load(ordering: .relaxed)
        if endsConnection, !isMultiplexed { head.headerFields[.connection] = "close" }
        context.write(wrap(.head(head)), promise: nil)
    }

    func write(body: ByteBuffer) {
        guard !isOver, !isHeadAlone else { return }
        context.write(wrap(.body(body)), promise: nil)
    }

    func flush() {
        guard !isOver else { return }
        context.flush()
    }

    func finish() {
        guard !isOver else { return }
        let channel = context.channel
        let ends = endsConnection || isLast
        let promise = ends ? context.eventLoop.makePromise(of: Void.self) : nil
        if ends { Self.close(channel, in: Self.timeToRead) }
        promise?.futureResult.whenComplete { [isMultiplexed] _ in Self.closeGently(channel, isMultiplexed) }
        context.writeAndFlush(wrap(.end(nil)), promise: promise)
        over()
    }

    /// Ends our side, and the connection once the client has read what we wrote, or soon.
    ///
    /// A stream of HTTP/2 has ended its side with its last frame, and knows no other close than a reset.
    private static func closeGently(_ channel: any Channel, _ isMultiplexed: Bool) {
        if !isMultiplexed { channel.close(mode: .output).whenFailure { _ in channel.close(promise: nil) } }
        close(channel, in: .seconds(2))
    }

    /// How long a client may take to read the end of its answer.
    private static let timeToRead = TimeAmount.seconds(30)

    private static func close(_ channel: any Channel, in time: TimeAmount) {
        let timeout = channel.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in timeout.cancel() }
    }

    func drop() {
        guard !isOver else { return }
        context.close(promise: nil)
        over()
    }

    /// The request's body has come to its end.
    func requestEnded() {
        hasRequestEnded = true
        receiver?.bodyEnded()
    }

    /// The connection is gone.
    func lost() {
        guard !isOver else { return }
        over()
    }

    private func over() {
        isOver = true
        let receiver = receiver
        self.receiver = nil
        receiver?.closed()
    }

    private func wrap(_ part: HTTPResponsePart) -> NIOAny { NIOAny(part) }
}
