internal import NIOCore
internal import NIOConcurrencyHelpers

/// The connections a listener has accepted; touched once when each opens and once when it closes.
final class ConnectionRegistry: Sendable {
    private struct Places {
        var channels: [(any Channel)?] = []
        var free: [UInt32] = []
    }

    private let places = NIOLockedValueBox(Places())

    /// Enters a connection.
    ///
    /// - Returns: its place: a table that is searched would take thrice the memory of each.
    func add(_ channel: any Channel) -> UInt32 {
        self.places.withLockedValue { places in
            if let place = places.free.popLast() {
                places.channels[Int(place)] = channel
                return place
            }
            places.channels.append(channel)
            return UInt32(places.channels.count - 1)
        }
    }

    /// Forgets the connection at `place`.
    func remove(_ place: UInt32) {
        self.places.withLockedValue { places in
            places.channels[Int(place)] = nil
            places.free.append(place)
        }
    }

    /// The connections open now.
    var all: [any Channel] { self.places.withLockedValue { $0.channels.compactMap { $0 } } }
}

/// Sent down a connection's pipeline.
enum DrainEvent: Sendable {
    /// End with the requests that are open.
    case drain
    /// End with the next request, which is served: somebody else is where the others go.
    case release
}
