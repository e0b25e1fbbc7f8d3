internal import LongwireProtocol
internal import LongwireSession
internal import NIOCore

/// Where a session lives, and what operators are shown of it.
struct SessionHandle: Sendable {
    let eventLoop: any EventLoop
    let core: NIOLoopBound<SessionCore>
    let identifier: SessionIdentifier
    let servlet: String
    let principal: String?
    let remoteAddress: String?
    let openedAt: NIODeadline
}
