internal import NIOConcurrencyHelpers
internal import NIOCore

/// What connections share that one listener accepted on one event loop; thousands of silent ones hold no copies of it.
final class ConnectionLoop {
    let server: ServerContext
    let registry: ConnectionRegistry?
    let eventLoop: any EventLoop
    /// The header of a STDOUT record; its storage is used again once it has been written to the socket.
    var recordHeader = ByteBuffer()

    init(server: ServerContext, registry: ConnectionRegistry?, eventLoop: any EventLoop) {
        self.server = server
        self.registry = registry
        self.eventLoop = eventLoop
    }
}

/// One ``ConnectionLoop`` for each event loop on which a listener's connections are.
final class ConnectionLoops: Sendable {
    private let server: ServerContext
    private let registry: ConnectionRegistry
    private let loops = NIOLockedValueBox<[ObjectIdentifier: NIOLoopBound<ConnectionLoop>]>([:])

    init(server: ServerContext, registry: ConnectionRegistry) {
        self.server = server
        self.registry = registry
    }

    /// The one of `eventLoop`; called on it.
    func shared(by eventLoop: any EventLoop) -> ConnectionLoop {
        let loop = self.loops.withLockedValue { loops in
            let key = ObjectIdentifier(eventLoop)
            if let loop = loops[key] { return loop }
            let made = ConnectionLoop(server: self.server, registry: self.registry, eventLoop: eventLoop)
            let loop = NIOLoopBound(made, eventLoop: eventLoop)
            loops[key] = loop
            return loop
        }
        return loop.value
    }
}
