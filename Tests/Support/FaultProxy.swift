import NIOCore
import NIOPosix

/// A reverse HTTP proxy inside the test that treats requests as bad proxies do; its ways may change while it runs.
///
/// Written on bytes, not on an HTTP library: it must be able to do what libraries do not.
package final class FaultProxy: Sendable {
    /// The port to connect to.
    package let port: Int

    private let loop: any EventLoop
    private let core: NIOLoopBound<FaultProxyCore>

    /// Listens on a free loopback port and passes requests on to the web server at `target`.
    package init(target: Int, _ behaviour: FaultBehaviour = FaultBehaviour()) async throws {
        loop = MultiThreadedEventLoopGroup.singleton.next()
        port = try FreePort.next()
        core = try await loop.submit { [loop, port] in
            NIOLoopBound(
                FaultProxyCore(loop: loop, port: port, target: target, behaviour: behaviour), eventLoop: loop)
        }.get()
        try await loop.flatSubmit { [core] in core.value.listen() }.get()
    }

    deinit { loop.execute { [core] in core.value.stop() } }

    /// Changes what happens to requests from now on.
    package func become(_ behaviour: FaultBehaviour) async throws {
        try await loop.submit { [core] in core.value.behaviour = behaviour }.get()
    }

    /// Cuts all connections now; new ones are accepted.
    package func cut() async throws { try await loop.submit { [core] in core.value.cut() }.get() }

    /// How many requests had a byte changed.
    package var changed: Int { get async throws { try await loop.submit { [core] in core.value.changed }.get() } }

    /// How many requests came.
    package var requests: Int { get async throws { try await loop.submit { [core] in core.value.requests }.get() } }
}

/// The state of a ``FaultProxy``, touched only on its event loop.
final class FaultProxyCore {
    let loop: any EventLoop
    let target: Int
    var behaviour: FaultBehaviour
    var requests = 0
    var changed = 0
    private let port: Int
    private var listener: (any Channel)?
    private var lines: [ObjectIdentifier: FaultLine] = [:]

    init(loop: any EventLoop, port: Int, target: Int, behaviour: FaultBehaviour) {
        self.loop = loop
        self.port = port
        self.target = target
        self.behaviour = behaviour
    }

    func listen() -> EventLoopFuture<Void> {
        let bound = NIOLoopBound(self, eventLoop: loop)
        return ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { front in
                front.eventLoop.makeCompletedFuture {
                    let line = FaultLine(core: bound.value, front: front)
                    bound.value.lines[ObjectIdentifier(line)] = line
                    try front.pipeline.syncOperations.addHandler(FaultFront(line))
                }
            }
            .bind(host: "127.0.0.1", port: port)
            .map { bound.value.listener = $0 }
    }

    func cut() { for line in Array(lines.values) { line.cut() } }

    func forget(_ line: FaultLine) { lines[ObjectIdentifier(line)] = nil }

    func stop() {
        listener?.close(promise: nil)
        cut()
    }
}
