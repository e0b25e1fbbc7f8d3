internal import Logging
internal import LongwireProtocol
public import LongwireSession
public import NIOCore
internal import Synchronization

extension Mount {
    /// The sessions now, oldest first.
    public func sessions() async -> [SessionListing] {
        var listings: [(openedAt: NIODeadline, listing: SessionListing)] = []
        for handle in handles {
            let seen = try? await handle.eventLoop.submit {
                let core = handle.core.value
                return (openedAt: core.machine.startedAt, status: core.status)
            }.get()
            guard let seen else { continue }
            let listing = SessionListing(
                identifier: handle.identifier, servlet: handle.servlet, principal: handle.principal,
                remoteAddress: handle.remoteAddress, age: .now() - seen.openedAt, status: seen.status)
            listings.append((seen.openedAt, listing))
        }
        return listings.sorted { $0.openedAt < $1.openedAt }.map(\.listing)
    }

    /// Ends a session in good order: the client gets everything sent before, then CLOSE with code and reason.
    ///
    /// - Returns: whether there was such a session.
    public func close(_ identifier: SessionIdentifier, code: CloseCode = .operatorEnded, reason: String) -> Bool {
        guard let handle = handle(of: identifier) else { return false }
        logger.notice(
            "ended by an operator",
            metadata: [
                "session": "\(identifier)", "servlet": "\(handle.servlet)", "code": .stringConvertible(code.rawValue),
                "reason": "\(reason)",
            ])
        handle.eventLoop.execute {
            handle.core.value.finish(code, reason: reason)
        }
        return true
    }

    /// Ends all sessions in good order (Docs/protocol.md, rule 14): new ones are refused, every client is advised to
    /// come to an end, spread over `window`; who has not by `limit` is told so and cut.
    ///
    /// Returns when no session is left, and of servlets what still ends has ended, or taken its ``Servlet/endTime``.
    public func drain(window: TimeAmount = .seconds(5), limit: TimeAmount = .seconds(30)) async {
        beginDraining()
        isLeaving.store(true, ordering: .relaxed)
        let handles = handles
        for (index, handle) in handles.enumerated() {
            let delay = TimeAmount.nanoseconds(window.nanoseconds * Int64(index) / Int64(max(handles.count, 1)))
            _ = handle.eventLoop.scheduleTask(in: delay) {
                handle.core.value.turn { $0.machine.going(code: .goingAway) }
            }
        }
        // One task for each loop: thousands of them would have to be found again one by one to be cancelled. A process
        // that was succeeded may get sessions meanwhile.
        let cuts = Dictionary(grouping: handles) { ObjectIdentifier($0.eventLoop) }.values.compactMap { handles in
            handles.first?.eventLoop.scheduleTask(in: limit) {
                for handle in self.handles where handle.eventLoop.inEventLoop {
                    handle.core.value.turn {
                        $0.machine.abort(code: .goingAway, reason: "this server is going away", now: .now())
                    }
                }
            }
        }
        await waitUntilEmpty()
        for cut in cuts { cut.cancel() }
        await waitUntilIdle()
    }

    /// Refuses new sessions, disturbs none, and returns when the last of them has ended by itself.
    ///
    /// A ``drain(window:limit:)`` may follow at any time, and makes an end of those that are left.
    public func finish() async {
        beginDraining()
        await waitUntilEmpty()
        await waitUntilIdle()
    }
}
