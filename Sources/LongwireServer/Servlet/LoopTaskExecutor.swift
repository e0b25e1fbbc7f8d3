internal import Logging
internal import LongwireSession
internal import NIOCore

/// Runs the tasks of one session's servlet on its event loop, and says when one held it for long.
final class LoopTaskExecutor: TaskExecutor {
    private let eventLoop: any EventLoop
    private let limit: TimeAmount
    private let logger: Logger
    private let servlet: String
    private let session: SessionIdentifier

    /// - Parameter limit: a piece of a servlet's code that runs for longer without a suspension is logged.
    init(
        _ eventLoop: any EventLoop, limit: TimeAmount, logger: Logger, servlet: String, session: SessionIdentifier
    ) {
        self.eventLoop = eventLoop
        self.servlet = servlet
        self.session = session
        self.limit = limit
        self.logger = logger
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute {
            let start = NIODeadline.now()
            job.runSynchronously(on: self.asUnownedTaskExecutor())
            let held = NIODeadline.now() - start
            if held >= self.limit {
                self.logger.warning(
                    "a servlet held its event loop; one that must block says runs = .anywhere",
                    metadata: [
                        "servlet": "\(self.servlet)", "session": "\(self.session)",
                        "milliseconds": .stringConvertible(held.nanoseconds / 1_000_000),
                    ])
            }
        }
    }
}
