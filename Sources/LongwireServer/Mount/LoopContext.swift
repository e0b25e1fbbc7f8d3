internal import LongwireSession
internal import NIOCore

/// What the sessions of one event loop share.
struct LoopContext: Sendable {
    let wheel: NIOLoopBound<TimerWheel>
    /// Lines that were opened with what may be taken back.
    let openLines: NIOLoopBound<OpenLines>

    /// On `eventLoop` itself.
    init(_ eventLoop: any EventLoop) {
        wheel = NIOLoopBound(TimerWheel(eventLoop: eventLoop), eventLoop: eventLoop)
        openLines = NIOLoopBound(OpenLines(eventLoop: eventLoop), eventLoop: eventLoop)
    }
}
