public import NIOCore
internal import NIOConcurrencyHelpers

/// One address, or one set of inherited sockets, that a server listens on.
///
/// Usable from anywhere. Letting go of it does not stop it.
public final class FastCGIListener: Sendable {
    struct Socket: Sendable {
        var channel: any Channel
        var path: String?
        var identity: SystemCalls.FileIdentity?

        init(_ channel: any Channel, path: String? = nil, identity: SystemCalls.FileIdentity? = nil) {
            self.channel = channel
            self.path = path
            self.identity = identity
        }
    }

    private let sockets: [Socket]
    private let registry: ConnectionRegistry
    private let isAccepting = NIOLockedValueBox(true)

    init(sockets: [Socket], registry: ConnectionRegistry) {
        self.sockets = sockets
        self.registry = registry
    }

    /// The address, with the port the system chose; the first where there are several.
    public var localAddress: SocketAddress? { self.localAddresses.first }

    /// The addresses, one for each socket.
    public var localAddresses: [SocketAddress] { self.sockets.compactMap(\.channel.localAddress) }

    /// Connections accepted here and open now.
    public var openConnections: Int { self.registry.all.count }

    /// Accepts no more connections; those that are open go on.
    ///
    /// A unix socket file we made is removed, unless another process has replaced it meanwhile. Calling it again does
    /// nothing.
    public func stopAccepting() async {
        let isFirst = self.isAccepting.withLockedValue { isAccepting in
            defer { isAccepting = false }
            return isAccepting
        }
        guard isFirst else { return }
        for socket in self.sockets {
            // The file goes first: whoever finds none knows at once, instead of being refused.
            if let path = socket.path { UnixSocket.remove(path, ifStill: socket.identity) }
            try? await socket.channel.close()
        }
    }

    /// Accepts no more connections and ends those that are open when their last request ends: at once where web servers
    /// keep idle connections.
    ///
    /// New requests on them are refused with OVERLOADED.
    public func drain() async {
        await self.stopAccepting()
        for channel in self.registry.all { channel.pipeline.fireUserInboundEventTriggered(DrainEvent.drain) }
    }

    /// Stops at once: closes the socket and every connection accepted from it.
    public func close() async {
        await self.stopAccepting()
        for channel in self.registry.all { try? await channel.close() }
    }
}
