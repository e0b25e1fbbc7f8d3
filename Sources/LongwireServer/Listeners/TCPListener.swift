package import FastCGI
internal import LongwireProtocol
public import NIOCore
internal import NIOPosix

/// Listens for sessions on bare TCP connections: the transport `tcp`, for where nothing is in the way.
///
/// OPEN names the servlet, since there is no URL. No web server stands before it, so that no login of one counts here:
/// whoever reaches the port reaches every servlet, but for what the servlets themselves refuse.
public final class TCPListener: Sendable {
    /// What clients that come over HTTP are told of a listener.
    public enum Offer: Sendable, Equatable {
        /// Its own port.
        case ownPort
        /// Another port, which leads to it.
        case port(Int)
        /// Nothing.
        case nothing
    }

    private let sockets: ListenerSockets
    private let mount: Mount

    private init(_ sockets: ListenerSockets, mount: Mount) {
        self.sockets = sockets
        self.mount = mount
    }

    /// Where it listens; the first where there are several.
    public var localAddress: SocketAddress? { sockets.localAddresses.first }

    /// Where it listens, one address for each socket.
    package var localAddresses: [SocketAddress] { sockets.localAddresses }
    /// What another process needs to go on listening here; nothing once it stopped.
    package var descriptors: [Int32] { sockets.descriptors }
    /// The connections accepted here that are open.
    package var openConnections: Int { sockets.connections.now }

    /// Listens on `host` and `port` (0: any free one) for sessions with the servlets of `mount`.
    ///
    /// - Parameters:
    ///   - certificate: for clients that come with TLS; others come in clear all the same.
    ///   - offer: what OPENED tells clients of sessions over HTTP: they then come here by themselves.
    /// - Throws: what the system says, for instance that the port is in use.
    public static func bind(
        host: String, port: Int, mount: Mount, on group: any EventLoopGroup, certificate: ListenerCertificate? = nil,
        offer: Offer = .ownPort
    ) async throws -> TCPListener {
        try await listen(
            on: try BindAddress.tcp(host: host, port: port).open(), mount: mount, group: group,
            certificate: certificate, offer: offer)
    }

    /// Accepts connections from sockets that listen already; they are the listener's from now on.
    package static func listen(
        on sockets: [ListeningSocket], mount: Mount, group: any EventLoopGroup,
        certificate: ListenerCertificate? = nil, offer: Offer = .ownPort
    ) async throws -> TCPListener {
        let connections = ConnectionCount()
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                connections.opened(channel)
                return channel.eventLoop.makeCompletedFuture {
                    let facts = ExchangeFacts.direct(channel)
                    let exchange = LineExchange(.tcp, eventLoop: channel.eventLoop) { exchange in
                        FrameTransaction(
                            mount: mount, exchange: exchange, place: .namedByOpen(facts), isLoopbackTCP: false)
                    }
                    let pipeline = channel.pipeline.syncOperations
                    if let certificate { try pipeline.addHandler(FirstByteHandler(certificate)) }
                    try pipeline.addHandler(exchange)
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 32 * 1024, high: 64 * 1024))
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: LeanReceiveAllocator(greatest: 65536))
        let listening = try await ListenerSockets.listen(on: sockets, bootstrap, connections)
        let offered: Int? =
            switch offer {
            case .ownPort: listening.localAddresses.lazy.compactMap(\.port).first
            case .port(let port): port
            case .nothing: nil
            }
        if let offered {
            var parameters = [Parameter(Parameter.tcpPort, "\(offered)")]
            if certificate != nil { parameters.append(Parameter(Parameter.secureTCPPort, "\(offered)")) }
            mount.offer(direct: parameters)
        }
        return TCPListener(listening, mount: mount)
    }

    /// Stops listening, and offering it; connections that are open go on.
    public func stopAccepting() async {
        mount.offer(direct: [])
        await sockets.stop(removesFiles: true)
    }

    /// Stops listening where another process goes on.
    package func release() async {
        mount.offer(direct: [])
        await sockets.stop(removesFiles: false)
    }
}
