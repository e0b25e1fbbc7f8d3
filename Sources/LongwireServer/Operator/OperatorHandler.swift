internal import LongwireProtocol
internal import LongwireSession
internal import NIOCore

/// Answers one request of an operator.
final class OperatorHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private static let lineLimit = 4096

    private let mount: Mount
    private var line = ByteBuffer()
    private var isAnswered = false

    private let commands: [String: OperatorSocket.Command]

    init(mount: Mount, commands: [String: OperatorSocket.Command] = [:]) {
        self.mount = mount
        self.commands = commands
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isAnswered else { return }
        line.writeImmutableBuffer(unwrapInboundIn(data))
        guard let end = line.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else {
            if line.readableBytes > Self.lineLimit { answer(["error: the line is too long"], context.channel) }
            return
        }
        isAnswered = true
        var text = String(decoding: line.readableBytesView[..<end], as: UTF8.self)
        if text.hasSuffix("\r") { text.removeLast() }
        let words = text.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: true)
        switch words.first {
        case "sessions": list(context.channel)
        case "close" where words.count >= 3: answer([close(words)], context.channel)
        case let word? where words.count == 1 && commands[String(word)] != nil: run(String(word), context.channel)
        default: answer(["error: say sessions, or close IDENTIFIER CODE REASON"], context.channel)
        }
    }

    private func run(_ name: String, _ channel: any Channel) {
        guard let command = commands[name] else { return }
        Self.run(command, channel)
    }

    private static func run(_ command: @escaping OperatorSocket.Command, _ channel: any Channel) {
        Task { @concurrent in send([await command()], to: channel) }
    }

    private func list(_ channel: any Channel) {
        Self.list(mount, channel)
    }

    private static func list(_ mount: Mount, _ channel: any Channel) {
        Task { @concurrent in
            let listings = await mount.sessions()
            send(listings.map { json($0) }, to: channel)
        }
    }

    private func close(_ words: [Substring]) -> String {
        guard let identifier = SessionIdentifier(hex: words[1]) else {
            return "error: \"\(words[1])\" is not an identifier; it has 32 hexadecimal digits"
        }
        guard let code = UInt64(words[2]), code <= UInt64(UInt32.max) else {
            return "error: \"\(words[2])\" is not a code; it is a number such as 11"
        }
        let reason = words.count > 3 ? String(words[3]) : ""
        guard mount.close(identifier, code: CloseCode(rawValue: code), reason: reason) else {
            return "error: there is no session \(identifier)"
        }
        return "ok"
    }

    private func answer(_ lines: [String], _ channel: any Channel) {
        isAnswered = true
        Self.send(lines, to: channel)
    }

    private static func send(_ lines: [String], to channel: any Channel) {
        let text = lines.map { $0 + "\n" }.joined()
        channel.writeAndFlush(ByteBuffer(string: text)).whenComplete { _ in channel.close(promise: nil) }
    }

    private static func json(_ listing: SessionListing) -> String {
        let transport = listing.status.transport.map { "\"\($0)\"" } ?? "null"
        let principal = listing.principal.map(Problem.quoted) ?? "null"
        let address = listing.remoteAddress.map(Problem.quoted) ?? "null"
        let roundTrip = listing.status.roundTrip.map { "\($0.nanoseconds / 1000)" } ?? "null"
        return "{\"session\":\"\(listing.identifier)\",\"servlet\":\(Problem.quoted(listing.servlet)),"
            + "\"principal\":\(principal),\"address\":\(address),\"age_seconds\":\(listing.age.nanoseconds / 1_000_000_000),"
            + "\"transport\":\(transport),\"round_trip_microseconds\":\(roundTrip),"
            + "\"unacknowledged_bytes\":\(listing.status.unacknowledged)}"
    }
}
