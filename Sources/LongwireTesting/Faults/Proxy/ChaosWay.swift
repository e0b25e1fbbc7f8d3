internal import NIOCore

/// One way of a connection: what was read at one end and is written at the other, when the faults let it.
final class ChaosWay {
    private enum Piece {
        case bytes(ByteBuffer)
        /// The end of this way.
        case end
    }

    /// Beyond this, nothing more is read.
    private static let queueLimit = 256 * 1024

    private let direction: ChaosDirection
    private weak var line: ChaosLine?
    private var queue = CircularBuffer<(due: NIODeadline, piece: Piece)>()
    private var queuedBytes = 0
    private var lastDue = NIODeadline.uptimeNanoseconds(0)
    /// When a limited way may carry more.
    private var freeAt = NIODeadline.uptimeNanoseconds(0)
    private var timer: Scheduled<Void>?
    private var hasEnd = false
    /// How both ends are closed once all has gone this way.
    private var closing: ChaosClosing?

    init(_ direction: ChaosDirection, of line: ChaosLine) {
        self.direction = direction
        self.line = line
    }

    var hasRoom: Bool { queuedBytes < Self.queueLimit }

    func add(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0, !hasEnd else { return }
        queuedBytes += bytes.readableBytes
        append(.bytes(bytes))
    }

    /// Nothing more comes this way.
    func end() {
        guard !hasEnd else { return }
        hasEnd = true
        append(.end)
    }

    /// Nothing more comes either way: the line closes when all has gone this way.
    func endLine(_ closing: ChaosClosing) {
        self.closing = closing
        guard !queue.isEmpty || !hasEnd else {
            line?.close(closing)
            return
        }
        end()
    }

    func stop() {
        timer?.cancel()
        timer = nil
        queue = CircularBuffer()
        queuedBytes = 0
    }

    private func append(_ piece: Piece) {
        guard let line else { return }
        lastDue = max(lastDue, NIODeadline.now() + line.core.nextDelay())
        queue.append((lastDue, piece))
        pump()
    }

    /// Writes what may be written now.
    func pump() {
        timer?.cancel()
        timer = nil
        guard let line, line.isOpen, let sink = line.sink(direction) else { return }
        let core = line.core
        let now = NIODeadline.now()
        while line.isOpen, let (due, piece) = queue.first, !core.conditions.stalled.contains(direction), sink.isWritable
        {
            let start = max(due, freeAt)
            guard start <= now else {
                pumpAgain(at: start, on: line)
                break
            }
            queue.removeFirst()
            switch piece {
            case .end:
                sink.flush()
                if let closing { return line.close(closing) }
                sink.close(mode: .output, promise: nil)
            case .bytes(let bytes): write(bytes, to: sink, core, now: now)
            }
        }
        sink.flush()
        line.readMore(direction)
    }

    private func pumpAgain(at time: NIODeadline, on line: ChaosLine) {
        let way = NIOLoopBound(self, eventLoop: line.core.loop)
        timer = line.core.loop.scheduleTask(deadline: time) { way.value.pump() }
    }

    private func write(_ bytes: ByteBuffer, to sink: any Channel, _ core: ChaosCore, now: NIODeadline) {
        var bytes = bytes
        var count = bytes.readableBytes
        let rate = core.conditions.rates[direction]
        // A hundredth of a second's worth at a time.
        if let rate { count = min(count, max(rate / 100, 1)) }
        let (passing, steps) = core.passing(count, direction)
        guard var piece = bytes.readSlice(length: passing) else { return }
        queuedBytes -= passing
        if bytes.readableBytes > 0 { queue.prepend((now, .bytes(bytes))) }
        if let rate { freeAt = max(freeAt, now) + .nanoseconds(Int64(passing) * 1_000_000_000 / Int64(rate)) }
        core.corrupt(&piece, direction)
        guard !steps.isEmpty else { return sink.write(piece, promise: nil) }
        // The last bytes before a fault leave first, else a reset would discard them.
        let bound = NIOLoopBound(core, eventLoop: core.loop)
        sink.writeAndFlush(piece).whenComplete { _ in
            for step in steps { bound.value.begin(step) }
        }
    }
}
