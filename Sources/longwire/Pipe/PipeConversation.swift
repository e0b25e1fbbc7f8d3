internal import Foundation
internal import LongwireClient
internal import NIOCore

/// Talks through standard input and output, on the session's event loop, so that a message costs no hop.
///
/// The end of the input is this side's CLOSE; what arrives is written until the other side's.
actor PipeConversation {
    private let session: Session
    private let line: LineState
    private let report: Report
    private let interruption: Interruption
    private let isBinary: Bool
    private let isTypedByHand: Bool
    private let lineLimit: Int
    private let isShownToPeople: Bool
    private let input = InputReader(descriptor: STDIN_FILENO)
    private let output = OutputWriter(descriptor: STDOUT_FILENO)
    private let executor: any SerialExecutor

    private static let pieceBytes = 16 * 1024

    private var sent = 0
    /// Why we ended the session ourselves before the input's end.
    private var ownReason: Outcome?
    private var isInputOver = false
    private var isOutputClosed = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter isTypedByHand: whether people type the input, so that /quit is a command.
    init(
        session: Session, line: LineState, report: Report, interruption: Interruption, isBinary: Bool,
        isTypedByHand: Bool, lineLimit: Int
    ) {
        self.session = session
        self.line = line
        self.report = report
        self.interruption = interruption
        self.isBinary = isBinary
        self.isTypedByHand = isTypedByHand
        self.lineLimit = lineLimit
        isShownToPeople = !isBinary && isatty(STDOUT_FILENO) == 1
        executor = session.eventLoop.executor
    }

    func run() async -> Outcome {
        let sending = Task { await self.send() }
        await receive()
        // The other side has ended; whatever input still comes is not for this session.
        session.beginClose()
        let ending = await session.ending
        sending.cancel()
        let error = await output.finish()
        return outcome(ending, outputError: error)
    }

    private func outcome(_ ending: SessionEnding, outputError: Int32) -> Outcome {
        if outputError != 0, outputError != EPIPE {
            return Outcome(.inputOutput, "cannot write standard output: \(String(cString: strerror(outputError)))")
        }
        if let ownReason { return ownReason }
        let outcome = Outcome(ending)
        // Who reads our output has enough: that is no failure, and nobody cares for the rest.
        if outputError == EPIPE { return ending.kind == .closed ? Outcome(.done) : outcome }
        if outcome.code == .done, let going = line.going, !isInputOver, !interruption.isAsked {
            return Outcome(
                .closedWithCode, "closed by the server: \(going); the input after message \(sent) was not sent")
        }
        return outcome
    }

    // MARK: Out

    private func send() async {
        do {
            if isBinary { try await sendBytes() } else { try await sendLines() }
            isInputOver = true
        } catch let error as SessionClosed {
            report.detail("\(error)")
        } catch let error as SessionEnding {
            report.detail("\(error)")
        } catch is CancellationError {
        } catch {
            ownReason = Outcome(.inputOutput, "\(error)")
        }
        session.beginClose()
    }

    private func sendBytes() async throws {
        for try await chunk in input.chunks {
            var chunk = chunk
            while let piece = chunk.readSlice(length: min(Self.pieceBytes, chunk.readableBytes)),
                piece.readableBytes > 0
            {
                try await send(Message(piece))
            }
            input.taken()
        }
    }

    private func sendLines() async throws {
        var cutter = LineCutter(limit: lineLimit)
        for try await chunk in input.chunks {
            cutter.append(chunk)
            while let message = try cutter.next() {
                if isTypedByHand, let command = TypedLine(message.text) {
                    if await !obey(command) { return }
                } else {
                    try await send(message)
                }
            }
            input.taken()
        }
        if let message = cutter.finish() { try await send(message) }
    }

    private func send(_ message: Message) async throws {
        try await session.send(message)
        sent += 1
    }

    /// - Returns: whether to go on.
    private func obey(_ line: TypedLine) async -> Bool {
        switch line {
        case .message(let text): do { try await send(Message(text)) } catch { return false }
        case .quit: return false
        case .status: report.important(StatusText.sentence(await session.status, line: self.line))
        case .help, .unknown: for sentence in line.explanation { report.important(sentence) }
        }
        return true
    }

    // MARK: In

    private func receive() async {
        var messages = session.messages.makeAsyncIterator()
        do {
            while let message = try await messages.next() {
                guard !isOutputClosed else { continue }
                var payload = message.payload
                if isShownToPeople { payload = ByteBuffer(string: Printable.message(message)) }
                let error = await output.write(payload, newline: !isBinary)
                guard error != 0 else { continue }
                // Nobody reads any more: end in good order, without what still comes.
                isOutputClosed = true
                session.beginClose()
            }
        } catch {
            // How the session ended is asked for by itself.
        }
    }
}
