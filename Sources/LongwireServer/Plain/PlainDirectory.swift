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

    private let entries = NIOLockedValueBox<[SessionIdentifier: Entry]>([:])

    func find(_ identifier: SessionIdentifier) -> Entry? { entries.withLockedValue { $0[identifier] } }
    func insert(_ identifier: SessionIdentifier, _ entry: Entry) { entries.withLockedValue { $0[identifier] = entry } }
    func remove(_ identifier: SessionIdentifier) { entries.withLockedValue { $0[identifier] = nil } }
}
