internal import LongwireProtocol
internal import NIOConcurrencyHelpers
internal import NIOCore

/// Which transport passed last, by server and proxy: the next session begins with it (Docs/protocol.md, "Choosing a transport").
final class TransportMemory: Sendable {
    private struct Entry {
        var transport: TransportKind?
        /// Whether the server wants to be told the length of a body.
        var wantsLength = false
        /// How often something must go on an idle line.
        var keepAlive: TimeAmount?
        /// Where the server offered bare TCP.
        var offered: DirectTCP?
        /// Where bare TCP was tried last, and did not pass.
        var blocked: DirectTCP?
        /// The URLs' targets of which no WebSocket can be made.
        var withoutWebSocket: Set<String> = []
        var until: NIODeadline
    }

    /// What worked a day ago may have been the network of another place.
    private static let keeps = TimeAmount.hours(24)
    private static let limit = 1_000
    private static let targetLimit = 100

    private let entries = NIOLockedValueBox<[String: Entry]>([:])

    func transport(of dialer: Dialer) -> TransportKind? { entry(of: dialer)?.transport }

    /// Whether duplex passes there with a declared length only.
    func wantsLength(_ dialer: Dialer) -> Bool { entry(of: dialer)?.wantsLength ?? false }

    /// How often something must go on an idle line there; nil where heartbeats are enough.
    func keepAlive(of dialer: Dialer) -> TimeAmount? { entry(of: dialer)?.keepAlive }

    private func entry(of dialer: Dialer) -> Entry? {
        entries.withLockedValue { entries in
            guard let entry = entries[dialer.place], entry.until > .now() else { return nil }
            return entry
        }
    }

    func remember(_ transport: TransportKind, of dialer: Dialer) { update(dialer) { $0.transport = transport } }

    func remember(wantsLength: Bool, of dialer: Dialer) { update(dialer) { $0.wantsLength = wantsLength } }

    func remember(keepAlive: TimeAmount?, of dialer: Dialer) { update(dialer) { $0.keepAlive = keepAlive } }

    /// Where the server offered bare TCP.
    func offered(by dialer: Dialer) -> DirectTCP? { entry(of: dialer)?.offered }

    func remember(offered: DirectTCP?, by dialer: Dialer) {
        if offered != nil || self.offered(by: dialer) != nil { update(dialer) { $0.offered = offered } }
    }

    /// Whether bare TCP did not pass to there when it was tried last.
    func isBlocked(_ direct: DirectTCP, of dialer: Dialer) -> Bool { entry(of: dialer)?.blocked == direct }

    func remember(blocked direct: DirectTCP, _ isBlocked: Bool, of dialer: Dialer) {
        if isBlocked || self.isBlocked(direct, of: dialer) {
            update(dialer) { $0.blocked = isBlocked ? direct : nil }
        }
    }

    /// Whether no WebSocket can be made of this URL.
    func refusesWebSocket(_ dialer: Dialer) -> Bool {
        entry(of: dialer)?.withoutWebSocket.contains(dialer.endpoint.target) ?? false
    }

    func rememberWithoutWebSocket(_ dialer: Dialer) {
        update(dialer) { entry in
            if entry.withoutWebSocket.count >= Self.targetLimit { entry.withoutWebSocket = [] }
            entry.withoutWebSocket.insert(dialer.endpoint.target)
        }
    }

    private func update(_ dialer: Dialer, _ change: (inout Entry) -> Void) {
        let now = NIODeadline.now()
        entries.withLockedValue { entries in
            if entries.count >= Self.limit { entries = entries.filter { $0.value.until > now } }
            guard entries.count < Self.limit || entries[dialer.place] != nil else { return }
            var entry = entries[dialer.place].flatMap { $0.until > now ? $0 : nil } ?? Entry(until: now)
            change(&entry)
            entry.until = now + Self.keeps
            entries[dialer.place] = entry
        }
    }
}
