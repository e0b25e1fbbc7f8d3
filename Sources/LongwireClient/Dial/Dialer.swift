internal import LongwireProtocol
internal import LongwireSession
internal import LongwireTransport
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Opens connections to one endpoint, directly or by a proxy: the one place where connections come from.
struct Dialer: Sendable {
    private(set) var endpoint: Endpoint
    let headerFields: [(name: String, value: String)]
    private let bearerToken: (@Sendable () -> String?)?
    private(set) var route: Route
    /// The name that the server's certificate must be for: the URL's.
    private let tlsName: String
    private let timeout: TimeAmount
    private let observer: ResponseObserver.Observer?
    #if TLS
        private let tls: ServerTrust?
        private let proxyTLS: ServerTrust?
    #endif

    init(
        endpoint: Endpoint, configuration: ClientConfiguration,
        variable: (String) -> String? = Environment.variable
    ) throws {
        self.endpoint = endpoint
        tlsName = endpoint.host
        headerFields = configuration.headerFields
        bearerToken = configuration.bearerToken
        timeout = configuration.connectTimeout
        observer = configuration.onResponseHead
        route = try Route(
            to: endpoint, setting: configuration.proxy, tunnels: configuration.proxyTunnel, variable: variable)
        #if TLS
            tls = endpoint.isSecure ? try ServerTrust(configuration) : nil
            proxyTLS = route.proxy?.isSecure == true ? try ServerTrust(ofProxy: configuration) : nil
        #else
            if endpoint.isSecure { throw ConnectError(.tls, "this program was built without TLS; use http") }
            if route.proxy?.isSecure == true {
                throw ConnectError(.proxy(.tls), "this program was built without TLS; use a proxy with http")
            }
        #endif
    }

    /// What the field Authorization says; nil where there is none.
    var authorization: String? {
        headerFields.last { $0.name.lowercased() == "authorization" }?.value ?? bearerToken?().map { "Bearer \($0)" }
    }

    /// What a server of this dialer has shown that was not trusted; nil where there was nothing.
    var distrust: String? {
        #if TLS
            tls?.distrust
        #else
            nil
        #endif
    }

    // MARK: Connections

    /// For lines that are no HTTP requests, or begin with one that no proxy on the way is to read.
    var forBytes: Dialer {
        var dialer = self
        dialer.route = route.forBytes
        return dialer
    }

    /// For bare TCP: the same name, with or without TLS, at another port.
    func direct(_ direct: DirectTCP) -> Dialer {
        var dialer = forBytes
        dialer.endpoint = endpoint.at(direct)
        return dialer
    }

    /// What is remembered of the endpoint is remembered of this.
    var place: String { route.place(of: endpoint) }

    /// Connects for HTTP, with a handler on top that takes the parts of responses; it is asked for on the event loop.
    func connect(
        on eventLoop: any EventLoop, handler: @escaping @Sendable () -> any ChannelHandler
    ) -> EventLoopFuture<any Channel> {
        connect(on: eventLoop, by: route) { pipeline in
            try pipeline.addHandler(HTTPRequestEncoder())
            try pipeline.addHandler(ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes)))
            if let observer { try pipeline.addHandler(ResponseObserver(observer)) }
            try pipeline.addHandler(handler())
        }
    }

    /// Connects to the endpoint, through a tunnel where a proxy is on the way, for what is not HTTP requests.
    ///
    /// - Parameter configure: adds handlers, above TLS where the endpoint wants that; on the event loop.
    func connectForBytes(
        on eventLoop: any EventLoop,
        configure: @escaping @Sendable (ChannelPipeline.SynchronousOperations) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        connect(on: eventLoop, by: route.forBytes, configure: configure)
    }

    private func connect(
        on eventLoop: any EventLoop, by route: Route,
        configure: @escaping @Sendable (ChannelPipeline.SynchronousOperations) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        let deadline = NIODeadline.now() + timeout
        // A name may have several addresses, and each gets a channel: handlers are added to the one that connects.
        return ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: .init(low: 32 * 1024, high: 64 * 1024))
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 65536)
            )
            .connect(host: route.proxy?.host ?? endpoint.host, port: route.proxy?.port ?? endpoint.port)
            .flatMap { channel in
                do {
                    let pipeline = channel.pipeline.syncOperations
                    #if TLS
                        if let proxy = route.proxy, let proxyTLS {
                            try proxyTLS.add(to: pipeline, host: proxy.host)
                        }
                    #endif
                    guard case .tunnel(let proxy) = route else {
                        try addTLS(pipeline)
                        try configure(pipeline)
                        guard channel.isActive else { throw ChannelError.eof }
                        return channel.eventLoop.makeSucceededFuture(channel)
                    }
                    let tunnel = TunnelHandler(endpoint: endpoint, proxy: proxy) { pipeline in
                        try addTLS(pipeline)
                        try configure(pipeline)
                    }
                    try pipeline.addHandler(tunnel)
                    return tunnel.open(on: channel, before: deadline).map { channel }
                } catch {
                    channel.close(promise: nil)
                    return channel.eventLoop.makeFailedFuture(error)
                }
            }
    }

    private func addTLS(_ pipeline: ChannelPipeline.SynchronousOperations) throws {
        #if TLS
            if let tls { try tls.add(to: pipeline, host: tlsName) }
        #endif
    }

    // MARK: Requests

    /// The head of a request for a path of a session.
    ///
    /// - Parameter streams: whether a body goes on for as long as the path; where none does, nobody on the way need be
    ///   told.
    func head(
        _ method: HTTPMethod, session: SessionIdentifier, path: UInt64, streams: Bool = true,
        fields: [(String, String)] = []
    ) -> HTTPRequestHead {
        var headers = HTTPHeaders([
            ("Host", endpoint.authority),
            ("User-Agent", "longwire/0.1.0"),
        ])
        if streams {
            headers.add(name: "Accept", value: HTTPBinding.mediaType)
            headers.add(name: "Cache-Control", value: "no-store")
            headers.add(name: "Incremental", value: "?1")
        }
        if method == .POST { headers.add(name: "Content-Type", value: HTTPBinding.mediaType) }
        for (name, value) in fields { headers.add(name: name, value: value) }
        if let authorization { headers.add(name: "Authorization", value: authorization) }
        for (name, value) in headerFields { headers.replaceOrAdd(name: name, value: value) }
        if case .forward(let proxy) = route, let authorization = proxy.authorization {
            headers.replaceOrAdd(name: "Proxy-Authorization", value: authorization)
        }
        let target = endpoint.target(session: session.description, path: path)
        return HTTPRequestHead(
            version: .http1_1, method: method, uri: route.target(target, of: endpoint), headers: headers)
    }
}
