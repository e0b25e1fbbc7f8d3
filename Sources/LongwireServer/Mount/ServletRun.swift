internal import LongwireProtocol
internal import LongwireSession
internal import Logging

/// The task of an asynchronous servlet's session, from the servlet's first word to the end of the session.
///
/// Thousands of these wait at a time: what they need while they do is memory, so that it is little.
final class ServletRun: Sendable {
    private let servlet: any Servlet
    private let session: Session
    private let mount: Mount

    init(servlet: any Servlet, session: Session, mount: Mount) {
        self.servlet = servlet
        self.session = session
        self.mount = mount
    }

    func serve(_ request: consuming SessionRequest) async {
        do {
            try await servlet.service(session, request: request)
            finish(nil)
        } catch {
            finish(error)
        }
    }

    /// Apart from the waiting: whatever this needs would be kept room for meanwhile.
    @inline(never)
    private func finish(_ failure: (any Error)?) {
        switch failure {
        case nil, is SessionEnding: session.finish(.done)
        case let failure as ServletFailure: session.finish(failure.code, reason: failure.reason)
        case let failure?:
            mount.logger.debug(
                "servlet failed", metadata: ["session": "\(session.identifier)", "error": "\(failure)"])
            session.finish(.internalError, reason: "the servlet failed")
        }
        mount.taskEnded()
    }
}
