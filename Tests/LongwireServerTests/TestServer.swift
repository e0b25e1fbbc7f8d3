import LongwireClient
import Logging
import LongwireServer
import NIOCore
import NIOPosix
import TestSupport

/// A mount on the built-in HTTP listener and on bare TCP, on event loops of its own.
final class TestServer: Sendable {
    let mount: Mount
    let group: MultiThreadedEventLoopGroup
    let port: Int
    let tcpPort: Int
    private let listener: HTTPListener
    private let tcp: TCPListener

    init(
        _ servlets: [String: ServletKind], threads: Int = 1, logger: Logger = Logger(label: "test"),
        offer: TCPListener.Offer = .nothing, access: [String: any AccessRule] = [:],
        hosts: [String] = ["*"],
        _ change: (inout MountConfiguration) -> Void = { _ in }
    ) async throws {
        var configuration = MountConfiguration()
        change(&configuration)
        mount = try Mount(servlets: servlets, access: access, configuration: configuration, logger: logger)
        group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        port = try FreePort.next()
        listener = try await HTTPListener.bind(host: "127.0.0.1", port: port, mount: mount, on: group, hosts: hosts)
        tcp = try await TCPListener.bind(host: "127.0.0.1", port: 0, mount: mount, on: group, offer: offer)
        tcpPort = tcp.localAddress?.port ?? 0
    }

    func connect(_ servlet: String, _ configuration: ClientConfiguration = ClientConfiguration()) async throws
        -> Session
    {
        try await Longwire.connect("http://127.0.0.1:\(port)/longwire/\(servlet)", configuration: configuration)
    }

    func stop() async throws {
        await mount.drain(window: .zero, limit: .zero)
        await listener.stopAccepting()
        await tcp.stopAccepting()
        try await group.shutdownGracefully()
    }
}

extension Session {
    /// The next message's text; nil at the end.
    func nextText() async throws -> String? {
        var messages = messages.makeAsyncIterator()
        return try await messages.next()?.text
    }
}
