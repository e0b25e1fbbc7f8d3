internal import LongwireProtocol
internal import LongwireSession
internal import Logging
internal import NIOCore

/// The task of an asynchronous servlet's session, from the servlet's first word to the end of the session; and, where
/// the servlet stays on the session's event loop, the executor that runs it there.
///
/// Thousands of these wait at a time: what they need while they do is memory, so that it is little.
final class ServletRun: TaskExecutor, WokenRunner {
    private let servlet: any Servlet
    private let session: Session
    private let mount: Mount
    private let server: NIOLoopBound<ServerSession>

    init(servlet: any Servlet, session: Session, mount: Mount, server: ServerSession) {
        self.servlet = servlet
        self.session = session
        self.mount = mount
        self.server = NIOLoopBound(server, eventLoop: session.eventLoop)
    }

    /// Starts the task, on the event loop.
    ///
    /// It is one that may throw, although it does not: the other kind keeps the frames of two more functions.
    func start() -> Task<Void, any Error>? {
        switch servlet.runs {
        case .onEventLoop:
            // It takes the request itself: what a task was given when it was made is kept until it ends.
            return Task(executorPreference: self) { @concurrent in
                if let request = self.server.value.takeRequest()?.kept { await self.serve(request) }
            }
        case .anywhere:
            guard let request = server.value.takeRequest()?.kept else { return nil }
            return Task { @concurrent in await self.serve(request) }
        }
    }

    private func serve(_ request: consuming SessionRequest) async {
        do {
            try await servlet.service(session, request: request)
            finish(nil)
        } catch {
            finish(error)
        }
    }

    /// Apart from the waiting: whatever this needs would be kept room for meanwhile.
    @inline(never)
    private func finish(_ failure: (any Error)?) {
        switch failure {
        case nil, is SessionEnding: session.finish(.done)
        case let failure as ServletFailure: session.finish(failure.code, reason: failure.reason)
        case let failure?:
            mount.logger.debug(
                "servlet failed", metadata: ["session": "\(session.identifier)", "error": "\(failure)"])
            session.finish(.internalError, reason: "the servlet failed")
        }
        mount.taskEnded()
    }

    // MARK: Running

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if server.eventLoop.inEventLoop, session.core.value.keepWoken(job, self) { return }
        server.eventLoop.execute { self.run(job) }
    }

    func run(_ job: UnownedJob) {
        server.value.timed("; one that must block says runs = .anywhere") {
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
