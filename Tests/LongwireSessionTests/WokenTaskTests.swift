import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing

@testable import LongwireSession

/// Tasks that stay on an event loop, and are woken by one of its sessions.
@Suite struct WokenTaskTests {
    /// Runs a task's jobs where it is told: within the turn that woke it, or when the test says so.
    private final class Runner: TaskExecutor, WokenRunner {
        let wheel: NIOLoopBound<TimerWheel>
        let queued = NIOLockedValueBox<[UnownedJob]>([])

        init(_ wheel: TimerWheel, _ loop: any EventLoop) { self.wheel = NIOLoopBound(wheel, eventLoop: loop) }

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            if wheel.value.keepWoken(job, self) { return }
            queued.withLockedValue { $0.append(job) }
        }

        func run(_ job: UnownedJob) { job.runSynchronously(on: asUnownedTaskExecutor()) }

        func runQueued() {
            for job in queued.withLockedValue({ jobs in
                defer { jobs = [] }; return jobs
            }) { run(job) }
        }
    }

    /// A task that waits until it is woken.
    private final class Sleeper: Sendable {
        private let waiting = NIOLockedValueBox<UnsafeContinuation<Void, Never>?>(nil)
        private let isOver = NIOLockedValueBox(false)
        var hasRun: Bool { isOver.withLockedValue { $0 } }

        init(_ runner: Runner) {
            Task(executorPreference: runner) { [self] in
                await withUnsafeContinuation { continuation in waiting.withLockedValue { $0 = continuation } }
                isOver.withLockedValue { $0 = true }
            }
            runner.runQueued()
        }

        func wake() { waiting.withLockedValue { $0 }?.resume() }
    }

    @Test func aTaskThatAMessageWakesRunsWithinTheSameTurn() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        try await loop.submit {
            let wheel = TimerWheel(eventLoop: loop)
            let runner = Runner(wheel, loop)
            let sleeper = Sleeper(runner)
            let isRun = wheel.runWoken { sleeper.wake() }
            #expect(isRun)
            #expect(sleeper.hasRun)
            #expect(runner.queued.withLockedValue { $0.isEmpty })
        }.get()
    }

    @Test func aTaskIsNotRunWithinAnother() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        try await loop.submit {
            let wheel = TimerWheel(eventLoop: loop)
            let runner = Runner(wheel, loop)
            let sleeper = Sleeper(runner)
            let isRunAtOnce = NIOLockedValueBox(true)
            Task(executorPreference: runner) {
                let isRun = runner.wheel.value.runWoken { sleeper.wake() }
                isRunAtOnce.withLockedValue { $0 = isRun }
            }
            runner.runQueued()
            #expect(!isRunAtOnce.withLockedValue { $0 })
            #expect(!sleeper.hasRun)
            runner.runQueued()
            #expect(sleeper.hasRun)
        }.get()
    }
}
