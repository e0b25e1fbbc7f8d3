internal import Logging
internal import LongwireSession
internal import LongwireTransport
internal import NIOCore

/// One session and the program behind it, on the session's event loop.
///
/// The program's end comes in this order: it exits, what it wrote is delivered, what is left of its group is killed,
/// it is reaped, the session closes. Its number is its own until it is reaped.
actor ProgramConversation {
    let session: Session
    let configuration: ExecConfiguration
    let logger: Logger
    private let request: SessionRequest
    private let executable: String
    private let executor: any SerialExecutor

    var program: Program?
    var pipes: ProgramPipes?
    /// Why we ended the session before the program's own end did.
    private var failure: ServletFailure?
    /// Why we ended the program, for the reason that the client is told.
    var why: String?
    /// What the program writes is read and dropped: nobody is there for it.
    private var isDiscarding = false
    private var isLost = false
    private var isOver = false
    private var killing: Task<Void, Never>?
    /// When the program last read or wrote.
    var activeAt = NIODeadline.now()
    /// Whether what it wrote waits for the client.
    var isDelivering = false
    /// What may still be delivered, in bytes, when others than the program hold its output.
    private var outputLeft: Int?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(
        session: Session, request: SessionRequest, configuration: ExecConfiguration, executable: String, logger: Logger
    ) {
        self.session = session
        self.request = request
        self.configuration = configuration
        self.executable = executable
        executor = session.eventLoop.executor
        var logger = logger
        logger[metadataKey: "session"] = "\(session.identifier)"
        logger[metadataKey: "servlet"] = "\(request.servlet)"
        self.logger = logger
    }

    var isRunning: Bool { !isOver && killing == nil }

    /// Runs the program to its end.
    ///
    /// - Throws: ``ServletFailure`` for every end but a good one.
    func run() async throws {
        let pipes: ProgramPipes
        let program: Program
        do { (pipes, program) = try await start() } catch {
            // The library's word for all of these is that there is no such file.
            let why = executable.hasPrefix("/") ? Executable.whyNot(executable) ?? "\(error)" : "\(error)"
            logger.error("the program was not started", metadata: ["path": "\(executable)", "error": "\(why)"])
            throw ServletFailure(ExecCode.notStarted, reason: "the program could not be started: \(why)")
        }
        logger.debug("program started", metadata: ["pid": "\(program.pid)"])
        (self.pipes, self.program) = (pipes, program)
        activeAt = .now()
        if isLost { terminate("the session was lost") }
        let helpers = [
            Task { await self.feed(pipes.input) },
            Task { await self.watchForEnd() },
            Task { await self.watchRunTime() },
        ]
        let delivering = Task { await self.deliver(pipes.output) }
        try? await program.exited.get()
        pipes.input.close()
        let lingering = Task { await self.endLingering() }
        await delivering.value
        await pipes.errorsEnd()
        lingering.cancel()
        isOver = true
        killing?.cancel()
        for helper in helpers { helper.cancel() }
        let end = try await program.reap()
        pipes.close()
        logger.debug("program ended", metadata: ["pid": "\(program.pid)", "end": "\(end)"])
        if let failure { throw failure }
        if let failure = ServletFailure(end, why: why) { throw failure }
    }

    private func start() async throws -> (ProgramPipes, Program) {
        let theirs: ProgramPipes.Ends
        let pipes: ProgramPipes
        (pipes, theirs) = try await ProgramPipes.open(on: session.eventLoop, logger: logger)
        let variables = ProgramEnvironment.variables(
            of: request, session: session.identifier, configured: configuration.environment)
        do {
            let program = try await Program.start(
                Program.Start(
                    executable: executable, arguments: configuration.command, environment: variables,
                    workingDirectory: configuration.workingDirectory, input: theirs.input, output: theirs.output,
                    errors: theirs.errors), on: session.eventLoop)
            return (pipes, program)
        } catch {
            pipes.close()
            throw error
        }
    }

    // MARK: To the program

    /// Hands over what the client says; its CLOSE is the end of the program's input.
    private func feed(_ input: ByteChannel) async {
        var dropped = 0
        do {
            for try await message in session.messages {
                guard failure == nil, input.isOpen else {
                    dropped += 1
                    continue
                }
                var bytes = message.payload
                if let framing = configuration.framing.messages {
                    bytes = ByteBuffer()
                    do { try framing.encode(message.payload, into: &bytes) } catch {
                        fail(
                            ExecCode.newlineInMessage,
                            "a message with a newline cannot be handed to this program, which takes one line a message")
                        continue
                    }
                }
                do { try await input.write(bytes) } catch { dropped += 1 }
                activeAt = .now()
            }
            await input.finishWriting(isHalf: false)
            activeAt = .now()
        } catch {
            // How the session ended is told by the cancellation of its servlet.
        }
        if dropped > 0, failure == nil {
            logger.info("the program did not read all messages", metadata: ["dropped": "\(dropped)"])
        }
    }

    // MARK: From the program

    private func deliver(_ output: ByteChannel) async {
        var decoder = configuration.framing.messages.map { MessageDecoder($0, limit: request.messageLimit) }
        var count = 0
        while outputLeft.map({ $0 > 0 }) ?? true {
            guard var chunk = try? await output.next() else { break }
            if let left = outputLeft { outputLeft = left - chunk.readableBytes }
            activeAt = .now()
            count += chunk.readableBytes
            if isDiscarding { continue }
            let excess = configuration.outputLimit > 0 ? count - configuration.outputLimit : 0
            if excess > 0 {
                chunk = chunk.getSlice(at: chunk.readerIndex, length: chunk.readableBytes - excess) ?? chunk
            }
            isDelivering = true
            await pass(chunk, &decoder)
            isDelivering = false
            activeAt = .now()
            if excess > 0 {
                fail(
                    ExecCode.outputLimit, "the program wrote more than its limit of \(configuration.outputLimit) bytes")
            }
        }
        guard !isDiscarding else { return }
        do {
            if let rest = try decoder?.finish() { await send(rest) }
        } catch {
            badOutput(error)
        }
    }

    private func pass(_ chunk: ByteBuffer, _ decoder: inout MessageDecoder?) async {
        guard decoder != nil else {
            var chunk = chunk
            while !isDiscarding, chunk.readableBytes > 0,
                let piece = chunk.readSlice(length: min(chunk.readableBytes, ProgramFraming.pieceBytes))
            {
                await send(Message(piece))
            }
            return
        }
        decoder?.append(chunk)
        do {
            while !isDiscarding, let message = try decoder?.next() { await send(message) }
        } catch {
            badOutput(error)
        }
    }

    private func send(_ message: Message) async {
        do { try await session.send(message) } catch {
            // The session was closed or lost over the program's head.
            isDiscarding = true
            if failure == nil { lost() }
        }
    }

    private func badOutput(_ error: FramingError) {
        fail(ExecCode.badOutput, "the program's output cannot be read as \(configuration.framing.rawValue): \(error)")
    }

    // MARK: Ending

    /// The session is over: nobody is left to talk to the program.
    func lost() {
        isLost = true
        isDiscarding = true
        terminate("its session had ended")
    }

    /// Ends the session for a reason of ours; the client is told at once, and the program ended.
    func fail(_ code: CloseCode, _ reason: String) {
        guard failure == nil, !isOver else { return }
        failure = ServletFailure(code, reason: reason)
        isDiscarding = true
        session.finish(code, reason: reason)
        terminate(reason)
    }

    /// Ends its input, then SIGTERM to its group, then, after the grace, SIGKILL.
    func terminate(_ why: String) {
        guard isRunning, let program, let pipes else { return }
        self.why = why
        pipes.input.close()
        program.signal(ProgramSignal.terminate)
        let grace = configuration.grace
        killing = Task {
            guard (try? await Task.sleep(grace)) != nil else { return }
            program.signal(ProgramSignal.kill)
        }
    }

    /// The program has exited, but others hold its output: they get the grace, then they are killed.
    private func endLingering() async {
        guard let program, let pipes, (try? await Task.sleep(configuration.grace)) != nil else { return }
        program.signal(ProgramSignal.kill)
        guard (try? await Task.sleep(.seconds(1))) != nil else { return }
        // Who has left the group holds it still: what was written until now is delivered, and no more.
        outputLeft = pipes.unreadOutput
        pipes.errors.close(promise: nil)
        if pipes.output.isStarved { pipes.output.close() }
    }
}
