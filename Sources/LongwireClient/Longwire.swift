internal import LongwireProtocol
public import LongwireSession
internal import NIOConcurrencyHelpers
public import NIOCore
internal import NIOPosix

/// Opens sessions with servers.
///
/// ```swift
/// let session = try await Longwire.connect("https://example.org/longwire/echo")
/// try await session.send("hello")
/// for try await message in session.messages { print(message.text) }
/// ```
///
/// A session re-opens its line by itself when that breaks, for as long as the server keeps it.
public final class Longwire: Sendable {
    /// One for programs that need no event loops of their own.
    public static let shared = Longwire(group: MultiThreadedEventLoopGroup.singleton)

    private let group: any EventLoopGroup
    let memory = TransportMemory()
    private let wheels = NIOLockedValueBox<[ObjectIdentifier: NIOLoopBound<TimerWheel>]>([:])

    /// Opens sessions on the event loops of `group`, which must outlive them.
    public init(group: any EventLoopGroup) { self.group = group }

    /// Opens a session on ``shared``; see ``connect(_:configuration:)-method``.
    public static func connect(
        _ url: String, configuration: ClientConfiguration = ClientConfiguration()
    ) async throws -> Session {
        try await shared.connect(url, configuration: configuration)
    }

    /// Opens a session with the servlet at `url`, such as `http://127.0.0.1:8080/longwire/echo`.
    ///
    /// The first attempt decides: what fails here fails at once. Cancelling the task gives up.
    ///
    /// - Throws: ``ConnectError``, which says what is wrong in a sentence; ``ConfigurationError``.
    public func connect(
        _ url: String, configuration: ClientConfiguration = ClientConfiguration()
    ) async throws -> Session {
        try await connect(url, configuration: configuration, on: nextLoop())
    }

    /// The event loop of the next session.
    func nextLoop() -> any EventLoop { group.next() }

    func connect(
        _ url: String, configuration: ClientConfiguration, on loop: any EventLoop
    ) async throws -> Session {
        try configuration.validate()
        let endpoint = try Endpoint(url)
        let dialer = try Dialer(endpoint: endpoint, configuration: configuration)
        let opened = loop.makePromise(of: Session.self)
        let starting = loop.submit { [self] in
            var machine = SessionMachine(
                role: .client, configuration: configuration.session, identifier: .random(),
                token: .random(), checksum: configuration.checksum && !endpoint.isSecure, now: .now())
            machine.target = endpoint.target
            machine.hasOtherTransports = configuration.transports.contains { $0 != .tcp }
            let core = SessionCore(machine: machine, wheel: wheel(of: loop))
            core.keepsUnbegun = configuration.keepsUnbegun
            let client = ClientSession(
                core: core, dialer: dialer, configuration: configuration, memory: memory, opened: opened)
            core.observer = client
            client.start()
            return NIOLoopBound(client, eventLoop: loop)
        }
        let client = try await starting.get()
        return try await withTaskCancellationHandler {
            try await opened.futureResult.get()
        } onCancel: {
            loop.execute { client.value.giveUp() }
        }
    }

    private func wheel(of loop: any EventLoop) -> TimerWheel {
        wheels.withLockedValue { wheels in
            if let wheel = wheels[ObjectIdentifier(loop)] { return wheel }
            let wheel = NIOLoopBound(TimerWheel(eventLoop: loop), eventLoop: loop)
            wheels[ObjectIdentifier(loop)] = wheel
            return wheel
        }.value
    }
}
