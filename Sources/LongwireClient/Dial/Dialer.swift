internal import LongwireSession
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

    /// Connects, with a handler on top that takes the parts of responses.
    func connect(on eventLoop: any EventLoop, handler: NIOLoopBound<DuplexClientCarrier>) -> EventLoopFuture<
        any Channel
    > {
        ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: .init(low: 32 * 1024, high: 64 * 1024))
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 65536)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try configure(channel.pipeline.syncOperations, handler: handler.value)
                }
            }
            .connect(host: endpoint.host, port: endpoint.port)
    }

    private func configure(_ pipeline: ChannelPipeline.SynchronousOperations, handler: DuplexClientCarrier) throws {
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

    /// The head of the request that opens a path.
    func head(session: String, path: UInt64) -> HTTPRequestHead {
        var headers = HTTPHeaders([
            ("Host", endpoint.authority),
            ("User-Agent", "longwire/0.1.0"),
            ("Content-Type", "application/vnd.longwire"),
            ("Accept", "application/vnd.longwire"),
            ("Transfer-Encoding", "chunked"),
            ("Cache-Control", "no-store"),
            ("Incremental", "?1"),
        ])
        for (name, value) in headerFields { headers.replaceOrAdd(name: name, value: value) }
        return HTTPRequestHead(
            version: .http1_1, method: .POST, uri: endpoint.target(session: session, path: path), headers: headers)
    }
}
