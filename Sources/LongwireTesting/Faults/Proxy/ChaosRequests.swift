internal import NIOCore

/// The requests of one connection, where it carries HTTP: passed on, held, copied, or answered.
final class ChaosRequests {
    private enum Treatment {
        case pass
        /// Held to its end, because requests are buffered.
        case buffer
        /// Held until another POST has gone.
        case swap
        /// Answered already.
        case drop
    }

    /// A longer POST is neither sent twice nor let others before it.
    private static let copyLimit = 1 << 20
    /// What is longer is passed on before its end.
    static let holdLimit = 16 << 20

    private weak var line: ChaosLine?
    private var boundaries = HTTPBoundaries(isResponse: false)
    private var input = ByteBuffer()
    private var treatment = Treatment.pass
    private var held = ByteBuffer()
    /// What came of a POST that may go twice.
    private var copy: ByteBuffer?
    private var isPost = false
    /// The methods of requests that have no answer yet.
    private(set) var unanswered = CircularBuffer<String>()

    init(_ line: ChaosLine) { self.line = line }

    func answered() { if !unanswered.isEmpty { unanswered.removeFirst() } }

    func received(_ bytes: ByteBuffer) {
        guard treatment != .drop else { return }
        input.writeImmutableBuffer(bytes)
        while let line, line.isOpen, let piece = boundaries.next(&input) { take(piece, line) }
    }

    /// Nothing more comes.
    func ended() {
        release()
        line?.up.add(input)
        input = ByteBuffer()
    }

    /// What is held goes on, and so does what follows.
    func release() {
        guard treatment == .buffer || treatment == .swap else { return }
        treatment = .pass
        line?.up.add(held)
        held = ByteBuffer()
    }

    private func take(_ piece: HTTPBoundaries.Piece, _ line: ChaosLine) {
        if let head = piece.head { begin(head, line) }
        switch treatment {
        case .pass: line.up.add(piece.bytes)
        case .buffer, .swap:
            held.writeImmutableBuffer(piece.bytes)
            if held.readableBytes > Self.holdLimit { release() }
        case .drop: return
        }
        copy?.writeImmutableBuffer(piece.bytes)
        if piece.isEnd { end(line) }
    }

    private func begin(_ head: HTTPMessageHead, _ line: ChaosLine) {
        let core = line.core
        treatment = .pass
        if unanswered.isEmpty, let answer = core.takeAnswer() {
            treatment = .drop
            return line.answer(answer.status, location: answer.location)
        }
        unanswered.append(head.method)
        isPost = head.method == "POST" && (head.length ?? .max) <= Self.copyLimit
        copy = isPost && core.armed.repeats > 0 ? ByteBuffer() : nil
        if core.conditions.buffersRequests {
            treatment = .buffer
        } else if isPost, core.takeSwap(line) {
            treatment = .swap
        }
    }

    private func end(_ line: ChaosLine) {
        // One that waits for another goes when the other has gone.
        if treatment == .buffer { release() }
        if let copy, line.core.takeRepeat() { line.core.send(copy) }
        copy = nil
        if isPost, treatment == .pass { line.core.postPassed(on: line) }
    }
}
