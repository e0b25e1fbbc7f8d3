internal import LongwireProtocol
internal import LongwireTransport
internal import NIOCore
internal import NIOHTTP1

/// Finds out why a POST that streams both ways got no answer: sends more of its body, piece by piece, then ends it, and
/// sees after what an answer comes.
final class UplinkTrial: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private static let pieces = 5
    private static let pause = TimeAmount.milliseconds(200)
    private static let patience = TimeAmount.seconds(2)
    /// A dummy message, PAD, of one byte.
    private static let pad = ByteBuffer(bytes: [0x08, 0x01, 0x00])

    private let finding: EventLoopPromise<String>
    private var sent = 0
    private var hasEnded = false
    private var isOver = false

    private init(finding: EventLoopPromise<String>) { self.finding = finding }

    /// Runs one trial.
    ///
    /// - Returns: what was found, in a sentence without a full stop.
    static func run(_ dialer: Dialer, on group: any EventLoopGroup) async -> String {
        let loop = group.next()
        let finding = loop.makePromise(of: String.self)
        let started = loop.flatSubmit {
            let trial = UplinkTrial(finding: finding)
            let bound = NIOLoopBound(trial, eventLoop: loop)
            return dialer.connect(on: loop) { bound.value }.map { bound.value.start(dialer, on: $0) }
        }
        started.whenFailure { error in finding.succeed(DialFailure.dialling(error, dialer: dialer).description) }
        return (try? await finding.futureResult.get()) ?? "nothing was found out"
    }

    private func start(_ dialer: Dialer, on channel: any Channel) {
        let identifier = SessionIdentifier.random()
        let open = OpenFrame(
            transport: .duplex, path: 1, identifier: identifier, token: .random(), instance: nil,
            using: 0, received: 0, limit: 0, parameters: [])
        let head = dialer.head(.POST, session: identifier, path: 1, fields: [("Transfer-Encoding", "chunked")])
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        channel.writeAndFlush(
            HTTPClientRequestPart.body(.byteBuffer(FrameEncoder.encoded(.open(open)))), promise: nil)
        next(channel, in: .milliseconds(500))
    }

    private func next(_ channel: any Channel, in time: TimeAmount) {
        let trial = NIOLoopBound(self, eventLoop: channel.eventLoop)
        channel.eventLoop.scheduleTask(in: time) { trial.value.step(channel) }
    }

    private func step(_ channel: any Channel) {
        guard !isOver else { return }
        if sent < Self.pieces {
            sent += 1
            channel.writeAndFlush(HTTPClientRequestPart.body(.byteBuffer(Self.pad)), promise: nil)
            next(channel, in: Self.pause)
        } else if !hasEnded {
            hasEnded = true
            channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
            next(channel, in: Self.patience)
        } else {
            found("no answer came, even when the request was whole", channel)
        }
    }

    private func found(_ what: String, _ channel: any Channel) {
        guard !isOver else { return }
        isOver = true
        finding.succeed(what)
        channel.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else { return }
        if head.status != .ok {
            found("answered with status \(head.status.code) to a request that streams", context.channel)
        } else if hasEnded {
            found("requests are held back until they are whole", context.channel)
        } else if sent > 0 {
            found("answers go on only when more of the request comes (lock-step)", context.channel)
        } else {
            found("it did not open in time, and did when tried again", context.channel)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        found("the connection was closed without an answer", context.channel)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        found("the connection broke: \(error)", context.channel)
    }
}
