internal import LongwireProtocol
internal import NIOCore

/// Listens to one path, for ``ClientConfiguration/onFrame``; on the session's event loop.
final class FrameTap {
    private let path: UInt64
    private let tell: @Sendable (FrameTrace) -> Void
    /// What is written is bytes already; they are read back.
    private var written = FrameDecoder()

    init(path: UInt64, tell: @escaping @Sendable (FrameTrace) -> Void) {
        self.path = path
        self.tell = tell
    }

    /// A frame came.
    func read(_ frame: Frame) { tell(trace(frame, .received)) }

    /// Bytes went out.
    func wrote(_ bytes: ByteBuffer, checksum: Bool) {
        written.checksum = checksum
        written.append(bytes)
        // Our own bytes are frames; were they not, there would be nothing to tell.
        while let frame = try? written.next() { tell(trace(frame, .sent)) }
        written.readCompleted()
    }

    private func trace(_ frame: Frame, _ direction: FrameTrace.Direction) -> FrameTrace {
        var trace = FrameTrace(direction, path: path, name: "")
        switch frame {
        case .open(let open):
            trace.name = "OPEN"
            (trace.received, trace.limit) = (open.received, open.limit)
        case .opened(let opened):
            trace.name = "OPENED"
            (trace.received, trace.limit) = (opened.received, opened.limit)
        case .numbered(let frame): describe(frame, in: &trace)
        case .ack(let ack):
            trace.name = "ACK"
            (trace.received, trace.limit) = (ack.received, ack.limit)
        case .ping: trace.name = "PING"
        case .pong: trace.name = "PONG"
        case .going(let code):
            trace.name = "GOING"
            trace.code = code
        case .abort(let abort):
            trace.name = "ABORT"
            (trace.received, trace.code) = (abort.received, abort.code)
        }
        return trace
    }

    private func describe(_ frame: NumberedFrame, in trace: inout FrameTrace) {
        trace.number = frame.number
        switch frame.content {
        case .message(let payload):
            trace.name = "MESSAGE"
            trace.size = payload.readableBytes
        case .text(let payload):
            trace.name = "TEXT"
            trace.size = payload.readableBytes
        case .fragment(let payload):
            trace.name = "FRAGMENT"
            trace.size = payload.readableBytes
        case .close(let code, _):
            trace.name = "CLOSE"
            trace.code = code
        }
    }
}
