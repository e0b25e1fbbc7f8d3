internal import LongwireProtocol
internal import LongwireSession
internal import NIOCore

/// What is known of a session from anywhere: where it lives, who may use it, what the log and operators call it by.
final class SessionHandle: SessionDirectoryEntry {
    let core: NIOLoopBound<SessionCore>
    let identifier: SessionIdentifier
    let token: SessionToken
    let instance: SessionInstance
    let servlet: String
    let principal: String?
    let remoteAddress: String?
    let openedAt: NIODeadline

    init(
        _ core: SessionCore, identifier: SessionIdentifier, token: SessionToken, instance: SessionInstance,
        request: SessionRequest, openedAt: NIODeadline
    ) {
        self.core = NIOLoopBound(core, eventLoop: core.eventLoop)
        self.identifier = identifier
        self.token = token
        self.instance = instance
        servlet = request.servlet
        principal = request.principal
        remoteAddress = request.remoteAddress
        self.openedAt = openedAt
    }

    var eventLoop: any EventLoop { core.eventLoop }
}
