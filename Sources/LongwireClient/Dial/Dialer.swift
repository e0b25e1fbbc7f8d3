internal import LongwireProtocol
internal import LongwireSession
internal import LongwireTransport
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

#if TLS
    internal import NIOSSL
#endif

/// Opens connections to one endpoint.
struct Dialer: Sendable {
    let endpoint: Endpoint
    let headerFields: [(name: String, value: String)]
    private let timeout: TimeAmount
    #if TLS
        private let tls: NIOSSLContext?
    #endif

    init(endpoint: Endpoint, configuration: ClientConfiguration) throws {
        self.endpoint = endpoint
        headerFields = configuration.headerFields
        timeout = configuration.connectTimeout
        #if TLS
            tls = endpoint.isSecure ? try Self.context(configuration) : nil
        #else
            if endpoint.isSecure { throw ConnectError(.tls, "this program was built without TLS; use http") }
        #endif
    }

    #if TLS
        private static func context(_ configuration: ClientConfiguration) throws -> NIOSSLContext {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.applicationProtocols = ["http/1.1"]
            if let file = configuration.trustedCertificates {
                do {
                    tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file))
                } catch {
                    throw ConnectError(.tls, "cannot read certificates from \(file): \(error)")
                }
            }
            return try NIOSSLContext(configuration: tls)
        }
    #endif

    /// Connects, with a handler on top that takes the parts of responses; it is asked for on the event loop.
    func connect(
        on eventLoop: any EventLoop, handler: @escaping @Sendable () -> any ChannelHandler
    ) -> EventLoopFuture<any Channel> {
        ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: .init(low: 32 * 1024, high: 64 * 1024))
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 65536)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try configure(channel.pipeline.syncOperations, handler: handler())
                }
            }
            .connect(host: endpoint.host, port: endpoint.port)
    }

    private func configure(_ pipeline: ChannelPipeline.SynchronousOperations, handler: any ChannelHandler) throws {
        #if TLS
            if let tls {
                let isAddress = (try? SocketAddress(ipAddress: endpoint.host, port: 0)) != nil
                try pipeline.addHandler(
                    NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : endpoint.host))
            }
        #endif
        try pipeline.addHandler(HTTPRequestEncoder())
        try pipeline.addHandler(ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes)))
        try pipeline.addHandler(handler)
    }

    /// The head of a request for a path of a session; `transaction` tells those of one path apart.
    func head(
        _ method: HTTPMethod, session: SessionIdentifier, path: UInt64, transaction: UInt64? = nil,
        fields: [(String, String)]
    ) -> HTTPRequestHead {
        var headers = HTTPHeaders([
            ("Host", endpoint.authority),
            ("User-Agent", "longwire/0.1.0"),
            ("Accept", HTTPBinding.mediaType),
            ("Cache-Control", "no-store"),
            ("Incremental", "?1"),
        ])
        if method == .POST { headers.add(name: "Content-Type", value: HTTPBinding.mediaType) }
        for (name, value) in fields { headers.add(name: name, value: value) }
        for (name, value) in headerFields { headers.replaceOrAdd(name: name, value: value) }
        return HTTPRequestHead(
            version: .http1_1, method: method,
            uri: endpoint.target(session: session.description, path: path, transaction: transaction), headers: headers)
    }
}
