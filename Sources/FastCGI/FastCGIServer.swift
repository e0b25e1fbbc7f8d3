public import HTTPTypes
public import Logging
public import NIOCore

/// A FastCGI responder: serves requests that web servers send over unix sockets or TCP.
///
/// One server may have several listeners, and be put on connections that somebody else accepts; its limits hold for all
/// of them together.
public struct FastCGIServer: Sendable {
    let shared: ServerContext

    /// Creates a server; nothing listens yet.
    ///
    /// `handler` is called on the event loop of a connection when the head of a request is complete. It gets the request
    /// to answer on, the head, and all parameters, which are not kept by the library. It may already write. It may also
    /// set the request's `handler` itself, and return nil.
    public init(
        configuration: FastCGIConfiguration, logger: Logger,
        handler: @escaping @Sendable (FastCGIRequest, HTTPRequest, FastCGIParameters) -> (any FastCGIRequestHandler)?
    ) {
        self.shared = ServerContext(configuration: configuration, logger: logger, makeHandler: handler)
        for entry in configuration.webServerAddresses?.invalidEntries ?? [] {
            logger.info(
                "FCGI_WEB_SERVER_ADDRS: not a numeric address, lets nobody in", metadata: ["entry": "\(entry)"])
        }
    }

    /// The limits the server was made with.
    public var configuration: FastCGIConfiguration { self.shared.configuration }

    /// Requests open now, over all listeners.
    public var openRequests: Int { self.shared.requestLimits.gauge.current }

    /// Connections open now, over all listeners.
    public var openConnections: Int { self.shared.openConnections.current }

    /// Puts the responder on an accepted channel: a child channel initialiser for a bootstrap of your own.
    ///
    /// The handler is the last of the pipeline; it reads and writes `ByteBuffer`.
    public func configure(_ channel: any Channel) -> EventLoopFuture<Void> {
        self.configure(channel, loops: nil)
    }

    /// - Parameter loops: where the connection is listed; nil where nobody listens here.
    func configure(_ channel: any Channel, loops: ConnectionLoops?) -> EventLoopFuture<Void> {
        let shared = self.shared
        let add: @Sendable () throws -> Void = {
            let eventLoop = channel.eventLoop
            let loop =
                loops?.shared(by: eventLoop) ?? ConnectionLoop(server: shared, registry: nil, eventLoop: eventLoop)
            try channel.pipeline.syncOperations.addHandler(FastCGIChannelHandler(loop))
        }
        guard channel.eventLoop.inEventLoop else { return channel.eventLoop.submit(add) }
        return channel.eventLoop.makeCompletedFuture(withResultOf: add)
    }

    /// Listens on an address.
    ///
    /// Throws `FastCGIError`, whose text says what to do. Connections are accepted when this returns.
    public func bind(to address: BindAddress, on group: any EventLoopGroup) async throws -> FastCGIListener {
        try await self.listen(on: try address.open(backlog: self.configuration.backlog), group: group)
    }

    /// Accepts connections from sockets that listen already; they are the listener's from now on.
    package func listen(on sockets: [ListeningSocket], group: any EventLoopGroup) async throws -> FastCGIListener {
        try await Binder(server: self, group: group).listen(on: sockets)
    }
}
