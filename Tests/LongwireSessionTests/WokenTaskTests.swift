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

    @Test func aTaskThatAMessageWakesRunsWithinTheSameTurn() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        try await loop.submit {
            let wheel = TimerWheel(eventLoop: loop)
            let runner = Runner(wheel, loop)
            let waiting = NIOLockedValueBox<UnsafeContinuation<Void, Never>?>(nil)
            let hasRun = NIOLockedValueBox(false)
            Task(executorPreference: runner) {
                await withUnsafeContinuation { continuation in waiting.withLockedValue { $0 = continuation } }
                hasRun.withLockedValue { $0 = true }
            }
            runner.runQueued()
            let isRun = wheel.runWoken { waiting.withLockedValue { $0 }?.resume() }
            #expect(isRun)
            #expect(hasRun.withLockedValue { $0 })
            #expect(runner.queued.withLockedValue { $0.isEmpty })
        }.get()
    }

    @Test func aTaskIsNotRunWithinAnother() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        try await loop.submit {
            let wheel = TimerWheel(eventLoop: loop)
            let runner = Runner(wheel, loop)
            let waiting = NIOLockedValueBox<UnsafeContinuation<Void, Never>?>(nil)
            let hasRun = NIOLockedValueBox(false)
            let isRunAtOnce = NIOLockedValueBox(true)
            Task(executorPreference: runner) {
                await withUnsafeContinuation { continuation in waiting.withLockedValue { $0 = continuation } }
                hasRun.withLockedValue { $0 = true }
            }
            runner.runQueued()
            Task(executorPreference: runner) {
                let isRun = runner.wheel.value.runWoken { waiting.withLockedValue { $0 }?.resume() }
                isRunAtOnce.withLockedValue { $0 = isRun }
            }
            runner.runQueued()
            #expect(!isRunAtOnce.withLockedValue { $0 })
            #expect(!hasRun.withLockedValue { $0 })
            runner.runQueued()
            #expect(hasRun.withLockedValue { $0 })
        }.get()
    }
}
