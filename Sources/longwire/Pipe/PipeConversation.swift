internal import Foundation
internal import LongwireClient
internal import NIOCore

/// Talks through standard input and output, on the session's event loop, so that a message costs no hop.
///
/// The end of the input is this side's CLOSE; what arrives is written until the other side's.
actor PipeConversation {
    private let session: SessionSeries
    private let line: LineState
    private let report: Report
    private let interruption: Interruption
    private let isTypedByHand: Bool
    private let limit: Int
    private let encoder: OutputEncoder
    private let progress: Progress?
    private let input = InputReader(descriptor: STDIN_FILENO)
    private let output: OutputWriter
    private var decoder: InputDecoder
    private let executor: any SerialExecutor

    private var sent = 0
    /// Why we ended the session ourselves before the input's end.
    private var ownReason: Outcome?
    private var isInputOver = false
    private var isOutputClosed = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - form: how messages stand in both streams.
    ///   - isTypedByHand: whether people type the input, so that /quit is a command.
    ///   - limit: the longest message, in bytes.
    init(
        session: SessionSeries, line: LineState, report: Report, interruption: Interruption, form: MessageForm,
        isTypedByHand: Bool, limit: Int, output: OutputWriter, progress: Progress?
    ) {
        self.session = session
        self.line = line
        self.report = report
        self.interruption = interruption
        self.isTypedByHand = isTypedByHand
        self.limit = limit
        self.output = output
        self.progress = progress
        encoder = OutputEncoder(form: form, isShown: isatty(STDOUT_FILENO) == 1)
        decoder = InputDecoder(form, limit: limit)
        executor = session.eventLoop.executor
    }

    /// - Parameter ended: called with how it came out, before the output is finished.
    func run(ended: (Outcome, SessionEnding) -> Void) async -> Outcome {
        let sending = Task { await self.send() }
        let showing = Task { [progress, line] in await progress?.show(line: line) }
        await receive()
        // The other side has ended; whatever input still comes is not for this session.
        session.beginClose()
        let ending = await session.ending
        sending.cancel()
        showing.cancel()
        await showing.value
        ended(outcome(ending, outputError: 0), ending)
        let error = await output.finish()
        return outcome(ending, outputError: error)
    }

    private func outcome(_ ending: SessionEnding, outputError: Int32) -> Outcome {
        if outputError != 0, outputError != EPIPE {
            return Outcome(.inputOutput, "cannot write standard output: \(String(cString: strerror(outputError)))")
        }
        if let ownReason { return ownReason }
        let outcome = Outcome(ending)
        if let failure = session.failure {
            return Outcome(
                .closedWithCode,
                "the server went away, and none took its place: \(failure); \(sent) messages were sent")
        }
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
            try await sendMessages()
            isInputOver = true
        } catch let error as SessionClosed {
            report.detail("\(error)")
        } catch let error as SessionEnding {
            report.detail("\(error)")
        } catch is CancellationError {
        } catch {
            ownReason = Outcome((error as? InputError)?.code ?? .inputOutput, "\(error)")
        }
        session.beginClose()
    }

    private func sendMessages() async throws {
        for try await chunk in input.chunks {
            let size = chunk.readableBytes
            decoder.append(chunk)
            while let message = try decoder.next() {
                if isTypedByHand, let command = TypedLine(message.text) {
                    if await !obey(command) { return }
                } else {
                    try await send(message)
                }
            }
            progress?.sent(size)
            input.taken()
        }
        if let message = try decoder.finish() { try await send(message) }
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
        case .send(let name): return await sendFile(name)
        case .help, .unknown: for sentence in line.explanation { report.important(sentence) }
        }
        return true
    }

    private func sendFile(_ name: String) async -> Bool {
        do {
            let file = try FileToSend(name, limit: limit)
            try await send(Message(file.bytes))
            report.important("sent \(file.name), \(StatusText.size(file.bytes.readableBytes))")
            return true
        } catch let error as FileRefused {
            report.important("\(error)")
            return true
        } catch {
            return false
        }
    }

    // MARK: In

    private func receive() async {
        var events = session.events.makeAsyncIterator()
        var isFirst = true
        do {
            while let event = try await events.next() {
                if case .began(let session) = event {
                    if !isFirst { line.moved(to: "\(session.identifier)") }
                    isFirst = false
                }
                guard case .message(let message) = event, !isOutputClosed else { continue }
                let (bytes, newline) = try encoder.encode(message)
                let error = await output.write(bytes, newline: newline)
                progress?.received(message.payload.readableBytes)
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
