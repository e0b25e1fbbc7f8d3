internal import LongwireSession
internal import NIOCore

/// What the sessions of one event loop share.
struct LoopContext: Sendable {
    let wheel: NIOLoopBound<TimerWheel>

    /// On `eventLoop` itself.
    init(_ eventLoop: any EventLoop) {
        wheel = NIOLoopBound(TimerWheel(eventLoop: eventLoop), eventLoop: eventLoop)
    }
}
