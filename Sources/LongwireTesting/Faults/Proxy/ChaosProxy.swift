public import NIOCore
internal import NIOPosix

/// A TCP proxy that damages what goes through it: as planned, or at the test's word.
///
/// ```swift
/// let proxy = try await ChaosProxy.start(to: 8080, plan: ChaosScript.parse("every 2s cut"))
/// let session = try await Longwire.connect("http://127.0.0.1:\(proxy.port)/longwire/echo")
/// ```
///
/// It listens on loopback alone, unless told otherwise, and reads no faster than the other side takes. Where a
/// connection begins as HTTP/1.1 in clear, it sees where requests begin and end; everything else is bytes to it.
/// Everything it has belongs to one event loop; its functions may be called from anywhere and return when it is done.
public final class ChaosProxy: Sendable {
    /// The port to connect to.
    public let port: Int

    private let loop: any EventLoop
    private let core: NIOLoopBound<ChaosCore>

    private init(port: Int, core: NIOLoopBound<ChaosCore>, loop: any EventLoop) {
        self.port = port
        self.core = core
        self.loop = loop
    }

    deinit { loop.execute { [core] in _ = core.value.stop() } }

    /// Listens, and passes connections on to a server.
    ///
    /// - Parameters:
    ///   - host: where to listen.
    ///   - port: where to listen; 0: any free port.
    ///   - targetHost: where the server is.
    ///   - targetPort: where the server is.
    ///   - plan: what is to happen, from now on.
    ///   - seed: of what the plan leaves open: which connection, which byte, how much jitter.
    ///   - eventLoop: what it runs on; nil: one of the process's own.
    ///   - onEvent: told, on the event loop, of everything that is done; it must not block.
    /// - Throws: what the system says, for instance that the port is in use.
    public static func start(
        host: String = "127.0.0.1", port: Int = 0, toHost targetHost: String = "127.0.0.1", to targetPort: Int,
        plan: ChaosPlan = ChaosPlan(), seed: UInt64 = 0, on eventLoop: (any EventLoop)? = nil,
        onEvent: (@Sendable (ChaosEvent) -> Void)? = nil
    ) async throws -> ChaosProxy {
        let loop = eventLoop ?? MultiThreadedEventLoopGroup.singleton.next()
        let core = try await loop.submit {
            let core = ChaosCore(
                loop: loop, host: host, port: port, target: (targetHost, targetPort), tell: onEvent)
            return NIOLoopBound(core, eventLoop: loop)
        }.get()
        try await loop.flatSubmit { core.value.listen() }.get()
        let bound = try await loop.flatSubmit {
            core.value.run(plan, seed: seed, cutting: false).map { core.value.port }
        }.get()
        return ChaosProxy(port: bound, core: core, loop: loop)
    }

    /// Ends all faults, and begins with a plan.
    ///
    /// - Parameter cutting: whether connections that are open are cut before.
    public func run(_ plan: ChaosPlan, seed: UInt64 = 0, cutting: Bool = true) async throws {
        try await loop.flatSubmit { [core] in core.value.run(plan, seed: seed, cutting: cutting) }.get()
    }

    /// Lets something happen now.
    ///
    /// - Parameter duration: for faults that last; nil: until ``heal()``.
    public func cause(_ fault: ChaosFault, for duration: TimeAmount? = nil) async throws {
        try await loop.submit { [core] in core.value.cause(fault, for: duration) }.get()
    }

    /// Ends all faults and what is planned: from now on everything passes as it comes.
    public func heal() async throws { try await loop.flatSubmit { [core] in core.value.heal() }.get() }

    /// How many connections are open now.
    public var openConnections: Int {
        get async throws { try await loop.submit { [core] in core.value.openConnections }.get() }
    }

    /// How many bytes were passed on in a direction, over all connections, since the plan began.
    public func bytes(_ direction: ChaosDirection) async throws -> Int {
        try await loop.submit { [core] in core.value.passed[direction, default: 0] }.get()
    }

    /// Cuts all connections and accepts nothing more.
    public func stop() async throws { try await loop.flatSubmit { [core] in core.value.stop() }.get() }
}
