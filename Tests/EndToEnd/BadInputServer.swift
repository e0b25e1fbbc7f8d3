import FastCGI
import LongwireServer
import NIOCore
import NIOPosix
import TestSupport

/// A server of the test's own servlets inside the test, behind a real nginx and beside it by itself.
final class BadInputServer {
    let mount: Mount
    let nginx: NginxFixture
    let httpPort: Int
    let group: MultiThreadedEventLoopGroup
    private let listener: FastCGIListener
    private let http: HTTPListener

    init(
        _ servlets: [String: ServletKind], threads: Int = 1,
        _ change: (inout MountConfiguration) -> Void = { _ in }
    ) async throws {
        var configuration = MountConfiguration()
        change(&configuration)
        mount = try Mount(
            servlets: servlets.merging(["echo": .inline(EchoServlet())]) { own, _ in own },
            configuration: configuration)
        group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let port = try FreePort.next()
        listener = try await mount.fastCGIServer().bind(to: .tcp(host: "127.0.0.1", port: port), on: group)
        httpPort = try FreePort.next()
        http = try await HTTPListener.bind(
            host: "127.0.0.1", port: httpPort, mount: mount, on: group, hosts: ["example.org"])
        nginx = try await NginxFixture(to: .tcp(port: port))
    }

    var ports: [Int] { [nginx.port, httpPort] }

    func url(_ servlet: String, port: Int) -> String { "http://127.0.0.1:\(port)/longwire/\(servlet)" }

    func stop() async throws {
        await mount.drain(window: .zero, limit: .zero)
        await http.stopAccepting()
        await listener.close()
        try await group.shutdownGracefully()
    }
}
