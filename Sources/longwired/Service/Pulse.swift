internal import NIOCore

/// What a service does every so often for its manager, on the first of its event loops, for as long as that runs.
struct Pulse {
    private let manager: ServiceManager
    private let loops: [any EventLoop]

    init(manager: ServiceManager, group: any EventLoopGroup) {
        self.manager = manager
        loops = Array(group.makeIterator())
    }

    /// From the moment on at which the manager was told that the service is ready.
    ///
    /// - Parameter status: How the process stands; told when it has changed. Called on an event loop.
    func start(status: @escaping @Sendable () -> String) {
        guard manager.isPresent, let first = loops.first else { return }
        if let interval = manager.heartbeat { beat(every: interval, on: first) }
        tell(status, every: .seconds(5), on: first)
    }

    /// A beat means that every loop answered a round.
    ///
    /// The next round begins a while after the answers, and so never where one is missing: a loop that hangs leaves the
    /// manager without beats, and it restarts the process.
    private func beat(every interval: TimeAmount, on first: any EventLoop) {
        let (manager, loops) = (manager, loops)
        first.scheduleRepeatedAsyncTask(initialDelay: interval, delay: interval) { _ in
            EventLoopFuture.andAllSucceed(loops.map { $0.submit {} }, on: first).map { manager.beat() }
        }
    }

    private func tell(_ status: @escaping @Sendable () -> String, every interval: TimeAmount, on first: any EventLoop) {
        let manager = manager
        let told = NIOLoopBoundBox.makeBoxSendingValue("", eventLoop: first)
        first.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            let text = status()
            guard text != told.value else { return }
            told.value = text
            manager.status(text)
        }
    }
}
