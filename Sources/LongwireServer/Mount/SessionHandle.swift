internal import LongwireProtocol
internal import LongwireSession
internal import NIOCore

/// A session as the server knows it from anywhere: where it lives, who may use it, what the log and operators call it
/// by.
struct SessionHandle: SessionDirectoryEntry {
    let session: Session

    var core: NIOLoopBound<SessionCore> { session.core }
    var eventLoop: any EventLoop { session.eventLoop }
    var identifier: SessionIdentifier { session.identifier }
    var token: SessionToken { session.admission.token }
    var instance: SessionInstance { session.admission.instance }
    var servlet: String { session.admission.servlet }
    var principal: String? { session.admission.principal }
    var remoteAddress: String? { session.admission.remoteAddress }
}
