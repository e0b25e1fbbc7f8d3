internal import LongwireProtocol
internal import NIOConcurrencyHelpers
internal import NIOCore

/// Which transport passed last, by server: the next session begins with it (Docs/protocol.md, "Choosing a transport").
final class TransportMemory: Sendable {
    private struct Entry {
        var transport: TransportKind
        var until: NIODeadline
    }

    /// What worked a day ago may have been the network of another place.
    private static let keeps = TimeAmount.hours(24)
    private static let limit = 1_000

    private let entries = NIOLockedValueBox<[String: Entry]>([:])

    func transport(of endpoint: Endpoint) -> TransportKind? {
        entries.withLockedValue { entries in
            guard let entry = entries[endpoint.place], entry.until > .now() else { return nil }
            return entry.transport
        }
    }

    func remember(_ transport: TransportKind, of endpoint: Endpoint) {
        let now = NIODeadline.now()
        entries.withLockedValue { entries in
            if entries.count >= Self.limit { entries = entries.filter { $0.value.until > now } }
            guard entries.count < Self.limit || entries[endpoint.place] != nil else { return }
            entries[endpoint.place] = Entry(transport: transport, until: now + Self.keeps)
        }
    }
}
