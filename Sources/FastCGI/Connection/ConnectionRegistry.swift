internal import NIOCore
internal import NIOConcurrencyHelpers

/// The connections a listener has accepted; touched once when each opens and once when it closes.
final class ConnectionRegistry: Sendable {
    private let channels = NIOLockedValueBox<[ObjectIdentifier: any Channel]>([:])

    func add(_ channel: any Channel) {
        self.channels.withLockedValue { $0[ObjectIdentifier(channel)] = channel }
    }

    func remove(_ channel: any Channel) {
        self.channels.withLockedValue { $0[ObjectIdentifier(channel)] = nil }
    }

    /// The connections open now.
    var all: [any Channel] { self.channels.withLockedValue { Array($0.values) } }
}

/// Sent down a connection's pipeline.
enum DrainEvent: Sendable {
    /// End with the requests that are open.
    case drain
    /// End with the next request, which is served: somebody else is where the others go.
    case release
}
