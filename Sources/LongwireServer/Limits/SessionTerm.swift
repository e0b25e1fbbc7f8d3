internal import LongwireProtocol
internal import LongwireSession
internal import NIOCore

/// The end of a session that says nothing, or lasts too long: CLOSE 9, which names the limit; on its event loop.
final class SessionTerm {
    private let core: SessionCore
    private let idleTime: TimeAmount
    private var lifetime: Scheduled<Void>?
    private var look: Scheduled<Void>?
    /// What had been said when it was last looked, and since when that is so.
    private var said: (frames: UInt64, since: NIODeadline)

    /// Nil where there is no limit.
    init?(_ core: SessionCore, _ limits: SessionLimits) {
        guard limits.idleTime > .zero || limits.lifetime > .zero else { return nil }
        self.core = core
        idleTime = limits.idleTime
        said = (0, .now())
        let term = NIOLoopBound(self, eventLoop: core.eventLoop)
        if limits.lifetime > .zero {
            lifetime = core.eventLoop.scheduleTask(in: limits.lifetime) {
                term.value.end("the limit of \(WrittenLimit.text(limits.lifetime)) for a session is reached")
            }
        }
        if idleTime > .zero { watch() }
    }

    private func watch() {
        let term = NIOLoopBound(self, eventLoop: core.eventLoop)
        look = core.eventLoop.scheduleTask(in: .nanoseconds(max(idleTime.nanoseconds / 4, 1_000_000))) {
            term.value.looked(now: .now())
        }
    }

    private func looked(now: NIODeadline) {
        let frames = core.machine.inbox.received + core.machine.outbox.nextNumber
        if frames != said.frames { said = (frames, now) }
        guard now - said.since >= idleTime else { return watch() }
        end("no message for \(WrittenLimit.text(idleTime)), the limit")
    }

    private func end(_ reason: String) {
        cancel()
        core.finish(.expired, reason: reason)
    }

    /// The session has ended by itself.
    func cancel() {
        lifetime?.cancel()
        look?.cancel()
        lifetime = nil
        look = nil
    }
}

/// Times as they are written in limits.
enum WrittenLimit {
    static func text(_ time: TimeAmount) -> String {
        let milliseconds = time.nanoseconds / 1_000_000
        return milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000) s" : "\(milliseconds) ms"
    }
}
