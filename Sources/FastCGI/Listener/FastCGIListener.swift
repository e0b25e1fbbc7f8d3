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
        /// The channel's own, good while that is open.
        var descriptor: Int32

        init(_ channel: any Channel, _ socket: ListeningSocket) {
            self.channel = channel
            self.path = socket.path
            self.identity = socket.identity
            self.descriptor = socket.descriptor
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
    public func stopAccepting() async { await self.stopAccepting(removesFiles: true) }

    /// The descriptors of the listening sockets, for another process that takes them over; nothing once it stopped.
    package var descriptors: [Int32] {
        self.isAccepting.withLockedValue { $0 } ? self.sockets.map(\.descriptor) : []
    }

    /// Another process accepts from the sockets now: this one does no more, and leaves their files where they are.
    ///
    /// What comes on connections that are open is still served, and each ends with its next request.
    package func release() async {
        await self.stopAccepting(removesFiles: false)
        for channel in self.registry.all { channel.pipeline.fireUserInboundEventTriggered(DrainEvent.release) }
    }

    private func stopAccepting(removesFiles: Bool) async {
        let isFirst = self.isAccepting.withLockedValue { isAccepting in
            defer { isAccepting = false }
            return isAccepting
        }
        guard isFirst else { return }
        for socket in self.sockets {
            // The file goes first: whoever finds none knows at once, instead of being refused.
            if removesFiles, let path = socket.path { UnixSocket.remove(path, ifStill: socket.identity) }
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
