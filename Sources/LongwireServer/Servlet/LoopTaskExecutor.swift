internal import Logging
internal import LongwireSession
internal import NIOCore

/// Runs the tasks of one session's servlet on its event loop, and says when one held it for long.
final class LoopTaskExecutor: TaskExecutor {
    private let session: SessionHandle
    private let limit: TimeAmount
    private let logger: Logger

    /// - Parameter limit: a piece of a servlet's code that runs for longer without a suspension is logged.
    init(_ session: SessionHandle, limit: TimeAmount, logger: Logger) {
        self.session = session
        self.limit = limit
        self.logger = logger
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        session.eventLoop.execute {
            let start = NIODeadline.now()
            job.runSynchronously(on: self.asUnownedTaskExecutor())
            let held = NIODeadline.now() - start
            if held >= self.limit {
                self.logger.warning(
                    "a servlet held its event loop; one that must block says runs = .anywhere",
                    metadata: [
                        "servlet": "\(self.session.servlet)", "session": "\(self.session.identifier)",
                        "milliseconds": .stringConvertible(held.nanoseconds / 1_000_000),
                    ])
            }
        }
    }
}
