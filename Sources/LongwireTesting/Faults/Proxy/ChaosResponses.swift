internal import NIOCore

/// The responses of one connection, where it carries HTTP: passed on as they come, or held to their end.
final class ChaosResponses {
    private weak var line: ChaosLine?
    private var boundaries = HTTPBoundaries(isResponse: true)
    private var input = ByteBuffer()
    private var held: ByteBuffer?
    private var isFinal = true

    init(_ line: ChaosLine) { self.line = line }

    func received(_ bytes: ByteBuffer) {
        input.writeImmutableBuffer(bytes)
        while let line, line.isOpen, let piece = boundaries.next(&input, method: line.requests.unanswered.first ?? "") {
            take(piece, line)
        }
    }

    /// Nothing more comes.
    func ended() {
        release()
        line?.down.add(input)
        input = ByteBuffer()
    }

    /// What is held goes on, and so does what follows.
    func release() {
        if let held { line?.down.add(held) }
        held = nil
    }

    private func isTunnel(_ head: HTTPMessageHead, _ line: ChaosLine) -> Bool {
        line.requests.unanswered.first == "CONNECT" && (200..<300).contains(head.status)
    }

    private func take(_ piece: HTTPBoundaries.Piece, _ line: ChaosLine) {
        if let head = piece.head {
            isFinal = head.status >= 200 || head.status == 101
            if line.core.conditions.buffersResponses, isFinal { held = ByteBuffer() }
        }
        if held == nil {
            line.down.add(piece.bytes)
        } else {
            held?.writeImmutableBuffer(piece.bytes)
            if piece.isEnd || (held?.readableBytes ?? 0) > ChaosRequests.holdLimit { release() }
        }
        if piece.isEnd, isFinal { line.requests.answered() }
        if let head = piece.head, head.status == 101 || isTunnel(head, line) { line.becomesBytes() }
    }
}
