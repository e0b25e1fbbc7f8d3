package import FastCGI
internal import NIOHTTP1
internal import NIOHTTP2
internal import NIOHTTPTypesHTTP1
internal import NIOHTTPTypesHTTP2
public import NIOCore
internal import NIOPosix

/// The built-in HTTP listener: the server with no web server before it.
///
/// It speaks HTTP/1.1 with WebSocket, and HTTP/2 to those that begin with it: in clear as Apache's `h2c://` does, and with
/// TLS, where there is a certificate, as ALPN agrees.
public final class HTTPListener: Sendable {
    private let sockets: ListenerSockets

    private init(_ sockets: ListenerSockets) { self.sockets = sockets }

    /// Where it listens; the first where there are several.
    public var localAddress: SocketAddress? { sockets.localAddresses.first }

    /// Where it listens, one address for each socket.
    package var localAddresses: [SocketAddress] { sockets.localAddresses }
    /// What another process needs to go on listening here; nothing once it stopped.
    package var descriptors: [Int32] { sockets.descriptors }
    /// The connections accepted here that are open.
    package var openConnections: Int { sockets.connections.now }

    /// Listens on `host` and `port` (0: any free one) and serves `mount` there.
    ///
    /// - Parameters:
    ///   - certificate: for TLS, which everybody then has to speak.
    ///   - hosts: under which names it may be asked, besides those of this machine where only this machine reaches it;
    ///     `*` for every name. Without any, a listener that others reach takes every name.
    /// - Throws: what the system says, for instance that the port is in use.
    public static func bind(
        host: String, port: Int, mount: Mount, on group: any EventLoopGroup, certificate: ListenerCertificate? = nil,
        hosts: [String] = []
    ) async throws -> HTTPListener {
        try await listen(
            on: try BindAddress.tcp(host: host, port: port).open(), mount: mount, group: group,
            certificate: certificate, hosts: hosts, host: host)
    }

    /// Accepts connections from sockets that listen already; they are the listener's from now on.
    ///
    /// - Parameter host: the host as it is configured; nil where the sockets are another's.
    package static func listen(
        on sockets: [ListeningSocket], mount: Mount, group: any EventLoopGroup,
        certificate: ListenerCertificate? = nil, hosts: [String] = [], host: String? = nil
    ) async throws -> HTTPListener {
        // A name counts by where it leads.
        let address = try host.map { try SocketAddress.makeAddressResolvingHost($0, port: 0).ipAddress ?? $0 } ?? ""
        let listener = ListenerFacts(
            isSecure: certificate != nil,
            hosts: AllowedHosts(hosts, host: host ?? "", isLoopback: address.hasPrefix("127.") || address == "::1"))
        let connections = ConnectionCount()
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                connections.opened(channel)
                return channel.eventLoop.makeCompletedFuture {
                    let preface = PrefaceHandler(limit: mount.configuration.session.timeToOpen) { channel, isHTTP2 in
                        let pipeline = channel.pipeline.syncOperations
                        if isHTTP2 {
                            // Streams end one by one; who ends its side of the whole connection is gone.
                            try channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: false)
                            try configureHTTP2(pipeline, mount: mount, listener)
                        } else {
                            try configureHTTP1(pipeline, mount: mount, listener)
                        }
                    }
                    #if TLS
                        if let certificate { try channel.pipeline.syncOperations.addHandler(certificate.handler()) }
                    #endif
                    try channel.pipeline.syncOperations.addHandler(preface)
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 32 * 1024, high: 64 * 1024))
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: LeanReceiveAllocator(greatest: 65536))
        return HTTPListener(try await ListenerSockets.listen(on: sockets, bootstrap, connections))
    }

    /// The most bytes that wait to be decoded, of a connection: several of the greatest heads.
    private static let undecodedLimit = 512 * 1024

    /// What a head may have, its fields together: one may be as large as NIO lets it, and nobody's are many.
    private static var headLimits: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = 128 * 1024
        return limits
    }

    private static func configureHTTP1(
        _ pipeline: ChannelPipeline.SynchronousOperations, mount: Mount, _ listener: ListenerFacts
    ) throws {
        let encoder = HTTPResponseEncoder()
        // What follows a wish that was not granted is never decoded: it must not pile up.
        let decoder = ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: headLimits),
            maximumBufferSize: undecodedLimit)
        let filter = UpgradeFilter()
        let refused = RefusedUpgradeHandler()
        let errors = HTTPServerProtocolErrorHandler()
        let old = HTTP10Handler()
        let deadline = HeadDeadlineHandler(limit: mount.configuration.session.timeToOpen)
        let foreign = ForeignHostHandler()
        let codec = HTTP1ToHTTPServerCodec(secure: listener.isSecure)
        let longwire = LongwireHTTPHandler(mount: mount, refusesOthers: true, listener: listener)
        let upgrade = HTTPServerUpgradeHandler(
            upgraders: [mount.webSocketUpgrader(listener)], httpEncoder: encoder,
            extraHTTPHandlers: [decoder, filter, refused, errors, old, deadline, foreign, codec, longwire],
            upgradeCompletionHandler: { _ in }
        )
        try pipeline.addHandler(encoder)
        try pipeline.addHandler(decoder)
        try pipeline.addHandler(filter)
        try pipeline.addHandler(upgrade)
        for handler in [refused, errors, old, deadline, foreign, codec, longwire] as [any ChannelHandler] {
            try pipeline.addHandler(handler)
        }
    }

    private static func configureHTTP2(
        _ pipeline: ChannelPipeline.SynchronousOperations, mount: Mount, _ listener: ListenerFacts
    ) throws {
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: 100),
            HTTP2Setting(parameter: .maxHeaderListSize, value: 16 * 1024),
        ]
        var stream = NIOHTTP2Handler.StreamConfiguration()
        stream.targetWindowSize = 256 * 1024
        let idle = IdleStreamsHandler(limit: mount.configuration.session.timeToOpen)
        try pipeline.addHandler(idle)
        let streams = NIOLoopBound(idle, eventLoop: pipeline.eventLoop)
        _ = try pipeline.configureHTTP2Pipeline(
            mode: .server, connectionConfiguration: connection, streamConfiguration: stream
        ) { channel in
            channel.eventLoop.makeCompletedFuture {
                streams.value.opened(channel)
                try channel.pipeline.syncOperations.addHandler(HTTP2FramePayloadToHTTPServerCodec())
                try channel.pipeline.syncOperations.addHandler(
                    LongwireHTTPHandler(mount: mount, refusesOthers: true, listener: listener, isMultiplexed: true))
            }
        }
    }

    /// Stops listening; connections that are open go on.
    public func stopAccepting() async { await sockets.stop(removesFiles: true) }

    /// Stops listening where another process goes on: files of unix sockets stay.
    package func release() async { await sockets.stop(removesFiles: false) }
}
