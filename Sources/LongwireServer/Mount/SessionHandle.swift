internal import LongwireProtocol
internal import LongwireSession
internal import NIOCore

/// What is known of a session from anywhere: where it lives, who may use it, what the log and operators call it by.
final class SessionHandle: SessionDirectoryEntry {
    let session: Session
    let token: SessionToken
    let instance: SessionInstance
    let servlet: String
    let remoteAddress: String?
    let openedAt: NIODeadline

    init(
        _ session: Session, token: SessionToken, instance: SessionInstance, request: SessionRequest,
        openedAt: NIODeadline
    ) {
        self.session = session
        self.token = token
        self.instance = instance
        servlet = request.servlet
        remoteAddress = request.remoteAddress
        self.openedAt = openedAt
    }

    var core: NIOLoopBound<SessionCore> { session.core }
    var identifier: SessionIdentifier { session.identifier }
    var principal: String? { session.principal }
    var eventLoop: any EventLoop { session.eventLoop }
}
