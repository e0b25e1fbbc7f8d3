internal import LongwireProtocol
internal import NIOConcurrencyHelpers
internal import NIOCore

/// The sessions of plain clients, by identifier.
final class PlainDirectory: Sendable {
    /// A plain session as its requests find it.
    struct Entry: Sendable {
        var token: PlainSecret
        var resumeKey: PlainSecret
        var servlet: String
        var principal: String?
        var eventLoop: any EventLoop
        var peer: NIOLoopBound<PlainPeer>

        /// Whether a request for this servlet, of this user, may concern it.
        func belongs(to request: SessionRequest) -> Bool {
            servlet == request.servlet && principal == request.principal
        }
    }

    private struct State {
        var entries: [SessionIdentifier: Entry] = [:]
        var ended = CircularBuffer<SessionIdentifier>()
    }

    /// How many ended sessions are remembered for those who come back to them.
    private static let endedLimit = 4096

    private let state = NIOLockedValueBox(State())

    func find(_ identifier: SessionIdentifier) -> Entry? { state.withLockedValue { $0.entries[identifier] } }

    /// The sessions of which something is known.
    var identifiers: Set<SessionIdentifier> { state.withLockedValue { Set($0.entries.keys) } }

    func insert(_ identifier: SessionIdentifier, _ entry: Entry) {
        state.withLockedValue { $0.entries[identifier] = entry }
    }

    /// Remembers that a session has ended, for as long as others do not push it out.
    func ended(_ identifier: SessionIdentifier) {
        state.withLockedValue { state in
            state.ended.append(identifier)
            if state.ended.count > Self.endedLimit { state.entries[state.ended.removeFirst()] = nil }
        }
    }

    func remove(_ identifier: SessionIdentifier) {
        state.withLockedValue { state in
            state.entries[identifier] = nil
            state.ended.removeAll { $0 == identifier }
        }
    }
}
