internal import HTTPTypes
internal import LongwireProtocol
internal import LongwireTransport
internal import NIOConcurrencyHelpers
internal import Synchronization

/// Which process of a mount has which session, while one takes over from another (Docs/service.md, "Upgrade").
///
/// A transaction comes to whichever process accepted its connection. The old process keeps the sessions it has and
/// passes everything else on to its heir; the new one passes on what belongs to a session of the old one.
final class Routes: Sendable {
    private struct State {
        /// Where everything goes that is not ours; set in a process that was succeeded.
        var heir: String?
        var own: Set<SessionIdentifier> = []
        /// Whose sessions are elsewhere.
        var owners: [SessionIdentifier: String] = [:]
    }

    private let state = NIOLockedValueBox(State())
    /// Whether there is anything to look up, for everybody else's sake.
    private let areAny = Atomic(false)

    /// From now on only transactions of `own` sessions are served here; all others are the heir's.
    func setHeir(_ path: String?, own: Set<SessionIdentifier>) {
        state.withLockedValue { state in
            state.heir = path
            state.own = own
            areAny.store(path != nil || !state.owners.isEmpty, ordering: .releasing)
        }
    }

    /// Sessions of another process.
    func add(_ identifiers: [SessionIdentifier], at path: String) {
        state.withLockedValue { state in
            for identifier in identifiers { state.owners[identifier] = path }
            areAny.store(state.heir != nil || !state.owners.isEmpty, ordering: .releasing)
        }
    }

    /// The process at `path` is gone, with its sessions.
    func forget(_ path: String) {
        state.withLockedValue { state in
            state.owners = state.owners.filter { $0.value != path }
            areAny.store(state.heir != nil || !state.owners.isEmpty, ordering: .releasing)
        }
    }

    /// Whether a process was named that everything else goes to.
    var hasHeir: Bool { areAny.load(ordering: .acquiring) && state.withLockedValue { $0.heir != nil } }

    /// The sessions of other processes, by where these are.
    var others: [String: [SessionIdentifier]] {
        state.withLockedValue { state in
            Dictionary(grouping: state.owners.keys) { state.owners[$0] ?? "" }
        }
    }

    /// Where a request is to be passed on to; nil where it is served here.
    ///
    /// What another process passed on goes to the heir alone, if to anybody: from older processes to newer ones, so that
    /// it comes to an end.
    ///
    /// - Parameter isHere: whether this process has a session.
    func place(of head: HTTPRequest, isForwarded: Bool, isHere: (SessionIdentifier) -> Bool) -> String? {
        guard areAny.load(ordering: .acquiring) else { return nil }
        let identifier = Self.identifier(of: head)
        let (heir, owner, isOwn) = state.withLockedValue { state in
            (state.heir, identifier.flatMap { state.owners[$0] }, identifier.map { state.own.contains($0) } ?? false)
        }
        if let owner, !isForwarded { return owner }
        guard let heir, !isOwn else { return nil }
        return identifier.map(isHere) == true ? nil : heir
    }

    /// The session that a request names: in its URL, or by the event that it saw last.
    private static func identifier(of head: HTTPRequest) -> SessionIdentifier? {
        if let last = head.headerFields[.lastEventID], !last.isEmpty {
            return SessionIdentifier(hex: last.prefix { $0 != "." })
        }
        let request = SessionRequest(servlet: "", principal: nil, remoteAddress: nil, head: head)
        return request.query[HTTPBinding.sessionQuery].flatMap { SessionIdentifier(hex: $0) }
    }
}
