internal import LongwireClient
internal import NIOCore

/// A Longwire session, used as an application does: `send`, and iteration of `messages`, on the session's event loop.
final class SessionLine: EchoLine {
    var load: EchoLoad?
    private let session: Session
    private var waiting: [Message] = []
    private var reader: Task<Void, Never>?

    private init(_ session: Session) { self.session = session }

    static func open(
        _ url: String, _ transport: TransportKind, with longwire: Longwire,
        change: @Sendable (inout ClientConfiguration) -> Void = { _ in }
    ) async throws -> NIOLoopBound<any EchoLine> {
        var configuration = ClientConfiguration()
        configuration.transports = [transport]
        configuration.proxy = .none
        change(&configuration)
        let session = try await longwire.connect(url, configuration: configuration)
        return try await session.eventLoop.submit {
            let line = SessionLine(session)
            let bound = NIOLoopBound(line, eventLoop: session.eventLoop)
            line.reader = Task(executorPreference: LoopExecutor(session.eventLoop)) { await Self.read(bound) }
            return NIOLoopBound(line as any EchoLine, eventLoop: session.eventLoop)
        }.get()
    }

    private static func read(_ bound: NIOLoopBound<SessionLine>) async {
        let session = bound.value.session
        do {
            for try await message in session.messages {
                bound.value.load?.received(message.payload)
                while let next = bound.value.takeWaiting() { try await session.send(next) }
            }
            bound.value.load?.failed("the session ended")
        } catch {
            bound.value.load?.failed("\(error)")
        }
    }

    private func takeWaiting() -> Message? { waiting.isEmpty ? nil : waiting.removeFirst() }

    func send(_ payload: ByteBuffer) {
        guard let message = Message(utf8: payload) else { return }
        // What has no room at once follows from the reading task, which waits for it.
        if !waiting.isEmpty || !session.offer(message) { waiting.append(message) }
    }

    // The session itself sends together what was taken in one turn of its loop.
    func flush() {}

    func close() { session.abort(.done, reason: "measured") }
}

/// Runs a task on an event loop.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
