internal import FastCGI
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// The sockets that one listener accepts from.
final class ListenerSockets: Sendable {
    private let open: [(channel: any Channel, socket: ListeningSocket)]
    let connections: ConnectionCount
    private let isAccepting = NIOLockedValueBox(true)

    private init(_ open: [(channel: any Channel, socket: ListeningSocket)], _ connections: ConnectionCount) {
        self.open = open
        self.connections = connections
    }

    /// Begins to accept, from all of them or from none.
    static func listen(
        on sockets: [ListeningSocket], _ bootstrap: ServerBootstrap, _ connections: ConnectionCount
    ) async throws -> ListenerSockets {
        var open: [(channel: any Channel, socket: ListeningSocket)] = []
        for (index, socket) in sockets.enumerated() {
            do {
                open.append((try await socket.accept(bootstrap), socket))
            } catch {
                for other in open { try? await other.channel.close() }
                // The one that failed is closed by who failed.
                for other in sockets[(index + 1)...] { other.discard() }
                throw error
            }
        }
        return ListenerSockets(open, connections)
    }

    var localAddresses: [SocketAddress] { open.compactMap(\.channel.localAddress) }

    /// The descriptors, while they are this process's to accept from.
    var descriptors: [Int32] { isAccepting.withLockedValue { $0 } ? open.map(\.socket.descriptor) : [] }

    /// Accepts no more; calling it again does nothing.
    ///
    /// - Parameter removesFiles: whether nobody else accepts there, so that files of unix sockets lead nowhere.
    func stop(removesFiles: Bool) async {
        let isFirst = isAccepting.withLockedValue { isAccepting in
            defer { isAccepting = false }
            return isAccepting
        }
        guard isFirst else { return }
        for (channel, socket) in open {
            // The file goes first: whoever finds none knows at once, instead of being refused.
            if removesFiles { socket.removeFile() }
            try? await channel.close()
        }
    }
}

/// How many connections of a listener are open.
final class ConnectionCount: Sendable {
    private let count = Atomic(0)

    var now: Int { count.load(ordering: .relaxed) }

    func opened(_ channel: any Channel) {
        count.add(1, ordering: .relaxed)
        channel.closeFuture.whenComplete { [self] _ in count.subtract(1, ordering: .relaxed) }
    }
}
