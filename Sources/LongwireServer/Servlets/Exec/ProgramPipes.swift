internal import Logging
internal import NIOCore
internal import NIOPosix

/// Our ends of a program's three pipes; on one event loop.
struct ProgramPipes {
    /// The program's ends.
    struct Ends {
        let input: Int32
        let output: Int32
        let errors: Int32
    }

    let input: ByteChannel
    let output: ByteChannel
    let errors: any Channel
    private let inputDescriptor: Int32
    private let outputDescriptor: Int32

    /// Makes three pipes, and channels of our ends.
    static func open(on eventLoop: any EventLoop, logger: Logger) async throws -> (ProgramPipes, Ends) {
        var loose: [Int32] = []
        defer { for descriptor in loose { Pipe.close(descriptor) } }
        func pipe() throws -> Pipe {
            let pipe = try Pipe()
            loose += [pipe.reading, pipe.writing]
            return pipe
        }
        let (inputs, outputs, errors) = (try pipe(), try pipe(), try pipe())
        func own(_ descriptor: Int32) { loose.removeAll { $0 == descriptor } }

        let (input, output) = (ByteChannel(), ByteChannel())
        _ = try await Self.bootstrap(NIOLoopBound(input, eventLoop: eventLoop), on: eventLoop)
            .takingOwnershipOfDescriptor(output: inputs.writing).get()
        own(inputs.writing)
        _ = try await Self.bootstrap(NIOLoopBound(output, eventLoop: eventLoop), on: eventLoop)
            .takingOwnershipOfDescriptor(input: outputs.reading).get()
        own(outputs.reading)
        let lines = NIOLoopBound(ErrorLines(logger: logger), eventLoop: eventLoop)
        let errorChannel = try await NIOPipeBootstrap(group: eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(lines.value) }
            }
            .takingOwnershipOfDescriptor(input: errors.reading).get()
        loose = []
        let pipes = ProgramPipes(
            input: input, output: output, errors: errorChannel, inputDescriptor: inputs.writing,
            outputDescriptor: outputs.reading)
        return (pipes, Ends(input: inputs.reading, output: outputs.writing, errors: errors.writing))
    }

    private static func bootstrap(_ handler: NIOLoopBound<ByteChannel>, on eventLoop: any EventLoop) -> NIOPipeBootstrap
    {
        NIOPipeBootstrap(group: eventLoop)
            .channelOption(.autoRead, value: false)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler.value) }
            }
    }

    /// The bytes of input that the program has not taken; nil once the pipe is closed.
    var unreadInput: Int? {
        input.isOpen ? Pipe.waiting(at: inputDescriptor).map { $0 + input.unwrittenBytes } : nil
    }

    /// The bytes of output that were not yet delivered.
    var unreadOutput: Int {
        output.receivedBytes + (output.isOpen ? Pipe.waiting(at: outputDescriptor) ?? 0 : 0)
    }

    /// Waits until everything of standard error is in the log.
    func errorsEnd() async { try? await errors.closeFuture.get() }

    /// Closes what is still open.
    func close() {
        input.close()
        output.close()
        errors.close(promise: nil)
    }
}
