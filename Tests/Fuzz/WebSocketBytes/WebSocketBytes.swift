import CLibFuzzer
import HTTPTypes
import LongwireTransport
import NIOCore
import NIOEmbedded

@testable import LongwireServer

/// What a stranger says over a WebSocket once it is open: any bytes, in one piece and in pieces, and the same is heard.
///
/// Then to the whole server, whose answers must be frames that a client may be sent.
@_cdecl("WebSocketBytes_main")
func webSocketBytes(_ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    var argc = argc
    var argv = argv
    return LLVMFuzzerRunDriver(&argc, &argv) { data, size in
        let bytes = Array(UnsafeBufferPointer(start: data, count: size))
        guard let choice = bytes.first else { return 0 }
        let input = bytes.dropFirst()
        let piece = Int(choice % 64) + 1
        let whole = heard(input, piece: max(input.count, 1))
        // safe: a difference is the find this program looks for.
        guard whole == heard(input, piece: piece) else { fatalError("\(whole)") }
        serve(input, piece: choice < 128 ? piece : max(input.count, 1))
        return 0
    }
}

/// Keeps what comes of a WebSocket, up to its end.
private final class Listener: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    var bytes: [UInt8] = []
    private var isOver = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !isOver { bytes += unwrapInboundIn(data).readableBytesView }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) { isOver = true }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { isOver = true }
}

/// A channel as it is after the upgrade.
private func channel(
    on loop: EmbeddedEventLoop = EmbeddedEventLoop(), _ handlers: any ChannelHandler...
) throws -> EmbeddedChannel {
    let channel = EmbeddedChannel(handlers: [], loop: loop)
    try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
    try channel.pipeline.syncOperations.addHandler(WebSocketLine(isClient: false))
    try channel.pipeline.syncOperations.addHandlers(handlers)
    return channel
}

private func feed(_ channel: EmbeddedChannel, _ bytes: ArraySlice<UInt8>, piece: Int) {
    var rest = bytes
    while !rest.isEmpty, channel.isActive {
        channel.pipeline.fireChannelRead(ByteBuffer(bytes: rest.prefix(piece)))
        channel.pipeline.fireChannelReadComplete()
        channel.embeddedEventLoop.run()
        rest = rest.dropFirst(piece)
    }
}

private func heard(_ bytes: ArraySlice<UInt8>, piece: Int) -> [UInt8] {
    let listener = Listener()
    guard let channel = try? channel(listener) else { return [] }
    feed(channel, bytes, piece: piece)
    _ = try? channel.finish(acceptAlreadyClosed: true)
    return listener.bytes
}

private func serve(_ bytes: ArraySlice<UInt8>, piece: Int) {
    let head = HTTPRequest(method: .get, scheme: "http", authority: "example.org", path: "/longwire/echo")
    let request = SessionRequest(servlet: "echo", principal: nil, remoteAddress: "192.0.2.1", head: head)
    let servlet = ServletKind.inline(EchoServlet())
    let loop = EmbeddedEventLoop()
    guard let mount = try? Mount(servlets: ["echo": servlet]) else { return }
    let exchange = LineExchange(.websocket, eventLoop: loop) { exchange in
        FrameTransaction(mount: mount, exchange: exchange, place: .servlet(servlet, request), isLoopbackTCP: false)
    }
    guard let channel = try? channel(on: loop, exchange) else { return }
    feed(channel, bytes, piece: piece)
    // What is left to time, such as heartbeats and the time to OPEN.
    loop.advanceTime(by: .seconds(100))
    var said: [UInt8] = []
    while case .some(let buffer) = try? channel.readOutbound(as: ByteBuffer.self) { said += buffer.readableBytesView }
    // safe: an answer that is none is the find this program looks for.
    guard isSaid(said) else { fatalError("\(said)") }
    _ = try? channel.finish(acceptAlreadyClosed: true)
    // A session outlives its line for the resume time, which is not this loop's, and a mount its sessions.
    for handle in mount.handles {
        handle.core.value.turn { $0.machine.abort(code: .done, reason: "", now: .now()) }
    }
    loop.run()
}

/// Whether these are frames of a server (RFC 6455, section 5.2): whole, not masked, and none after the last.
private func isSaid(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while let first = rest.popFirst() {
        guard [0x82, 0x88, 0x8A].contains(first), let second = rest.popFirst(), second < 0x80 else { return false }
        let count = second < 126 ? 0 : second == 126 ? 2 : 8
        guard rest.count >= count else { return false }
        let length = count == 0 ? Int(second) : rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
        rest = rest.dropFirst(count)
        guard length >= 0, rest.count >= length else { return false }
        rest = rest.dropFirst(length)
        if first == 0x88 { return rest.isEmpty }
    }
    return true
}
