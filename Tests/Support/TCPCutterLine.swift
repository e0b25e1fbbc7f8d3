import Foundation
import NIOCore

/// One connection through a ``TCPCutter``: the channel of who connected, the channel to the target.
final class TCPCutterLine {
    let core: TCPCutterCore
    let front: any Channel
    var back: (any Channel)?
    private var up: TCPCutterHandler?
    private var down: TCPCutterHandler?
    private var movedAt = NIODeadline.now()
    private var wasForgotten = false

    init(core: TCPCutterCore, front: any Channel) {
        self.core = core
        self.front = front
    }

    func handler(_ direction: TCPCutter.Direction) -> TCPCutterHandler {
        let handler = TCPCutterHandler(line: self, direction: direction)
        if direction == .up { up = handler } else { down = handler }
        return handler
    }

    /// Where bytes of a direction go to.
    func sink(_ direction: TCPCutter.Direction) -> (any Channel)? { direction == .up ? back : front }

    /// Both sides are connected: bytes may flow.
    func open() {
        for channel in [front, back] { _ = channel?.setOption(.autoRead, value: true) }
        movedAt = .now()
        guard let age = core.cutsAfter else { return }
        let line = NIOLoopBound(self, eventLoop: core.loop)
        core.loop.scheduleTask(in: age) {
            let line = line.value
            guard line.core.lines[ObjectIdentifier(line)] != nil else { return }
            line.core.faults += 1
            line.cut(.reset)
        }
    }

    /// Whether what came now is dropped, and neither side told of it.
    func isForgotten(now: NIODeadline = .now()) -> Bool {
        guard !wasForgotten, let limit = core.forgetsAfter else { return wasForgotten }
        if movedAt + limit < now {
            wasForgotten = true
            core.faults += 1
        }
        movedAt = now
        return wasForgotten
    }

    /// One side closed: the other is told, unless the line is forgotten.
    func closed() {
        if isForgotten() { core.lines[ObjectIdentifier(self)] = nil } else { cut(.close) }
    }

    func resume(_ direction: TCPCutter.Direction) { (direction == .up ? up : down)?.resume() }

    /// The channel that takes what a direction carries is writable again.
    func writable(_ sink: TCPCutter.Direction) { (sink == .up ? down : up)?.readAgain() }

    func cut(_ cut: TCPCutter.Cut) {
        core.lines[ObjectIdentifier(self)] = nil
        for channel in [front, back] {
            guard let channel else { continue }
            if cut == .reset, let socket = channel as? any SocketOptionProvider {
                // Closing with no time to linger discards what is unsent and sends RST.
                socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in channel.close(promise: nil) }
            } else {
                channel.close(promise: nil)
            }
        }
        (up, down) = (nil, nil)
    }
}

/// Reads one side of a line and writes to the other, no faster than that takes it.
final class TCPCutterHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private enum Piece {
        case bytes(ByteBuffer)
        case end
    }

    private let line: TCPCutterLine
    private let direction: TCPCutter.Direction
    private var context: ChannelHandlerContext?
    private var wantsRead = false
    private var held: [Piece] = []

    init(line: TCPCutterLine, direction: TCPCutter.Direction) {
        self.line = line
        self.direction = direction
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    private var mayRead: Bool {
        held.isEmpty && !line.core.paused.contains(direction) && line.sink(direction)?.isWritable ?? false
    }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { wantsRead = true }
    }

    func readAgain() {
        guard wantsRead, mayRead else { return }
        wantsRead = false
        context?.read()
    }

    func resume() {
        let pieces = held
        held = []
        for piece in pieces { forward(piece) }
        readAgain()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { accept(.bytes(unwrapInboundIn(data))) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { accept(.end) }
    }

    private func accept(_ piece: Piece) {
        guard !line.isForgotten() else { return }
        if line.core.paused.contains(direction) { held.append(piece) } else { forward(piece) }
    }

    private func forward(_ piece: Piece) {
        guard line.core.delay > .zero else { return pass(piece) }
        let bound = NIOLoopBound((self, piece), eventLoop: line.core.loop)
        line.core.loop.scheduleTask(in: line.core.delay) {
            let (handler, piece) = bound.value
            handler.pass(piece)
        }
    }

    private func pass(_ piece: Piece) {
        guard let sink = line.sink(direction) else { return }
        switch piece {
        case .end: sink.close(mode: .output, promise: nil)
        case .bytes(var buffer):
            let (count, cut) = line.core.count(buffer.readableBytes, direction)
            if let slice = buffer.readSlice(length: count) {
                // The last bytes before a cut leave first, else the reset would discard them.
                let written = sink.writeAndFlush(slice)
                if let cut {
                    let core = NIOLoopBound(line.core, eventLoop: line.core.loop)
                    written.whenComplete { _ in core.value.cut(cut) }
                }
            }
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        line.writable(direction)
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) { line.closed() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { line.cut(.reset) }
}
