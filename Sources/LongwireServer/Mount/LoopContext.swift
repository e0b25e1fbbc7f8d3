internal import Logging
internal import LongwireSession
internal import NIOCore

/// What the sessions of one event loop share.
struct LoopContext: Sendable {
    let wheel: NIOLoopBound<TimerWheel>
    let executor: LoopTaskExecutor

    /// On `eventLoop` itself.
    init(_ eventLoop: any EventLoop, slowServlet: TimeAmount, logger: Logger) {
        wheel = NIOLoopBound(TimerWheel(eventLoop: eventLoop), eventLoop: eventLoop)
        executor = LoopTaskExecutor(eventLoop, limit: slowServlet, logger: logger)
    }
}
