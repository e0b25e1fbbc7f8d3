import FastCGI
import LongwireClient
import LongwireServer
import NIOCore
import NIOPosix
import TestSupport

/// A servlet made of a closure.
struct FlowServlet: Servlet {
    var runs = ServletExecution.onEventLoop
    let body: @Sendable (Session) async throws -> Void

    init(runs: ServletExecution = .onEventLoop, _ body: @escaping @Sendable (Session) async throws -> Void) {
        self.runs = runs
        self.body = body
    }

    func service(_ session: Session) async throws { try await body(session) }
}

/// How a web server reaches longwired.
enum FlowUpstream: String, Sendable, CaseIterable {
    case tcp, unix
}

/// A mount of this process behind a real nginx, with lines that can be cut where they are asked for.
final class FlowServer: Sendable {
    let mount: Mount
    let fastCGI: FastCGIServer
    let nginx: NginxFixture
    /// Before nginx: what the client connects to.
    let front: TCPCutter?
    /// Between nginx and the mount; only over TCP.
    let back: TCPCutter?
    private let listener: FastCGIListener
    private let folder: TemporaryFolder

    init(
        _ servlets: [String: any Servlet], over upstream: FlowUpstream = .tcp, cutsFront: Bool = false,
        cutsBack: Bool = false, shutdownTimeout: String? = nil,
        configure: (inout MountConfiguration) -> Void = { _ in }
    ) async throws {
        var configuration = MountConfiguration()
        configure(&configuration)
        mount = try Mount(servlets: servlets.mapValues { .task($0) }, configuration: configuration)
        fastCGI = mount.fastCGIServer()
        folder = try TemporaryFolder()
        let group = MultiThreadedEventLoopGroup.singleton
        switch upstream {
        case .tcp: listener = try await fastCGI.bind(to: .tcp(host: "127.0.0.1", port: 0), on: group)
        case .unix: listener = try await fastCGI.bind(to: .unix(path: folder.path("fcgi.sock")), on: group)
        }
        var target = NginxFixture.Upstream.unix(path: folder.path("fcgi.sock"))
        var back: TCPCutter?
        if upstream == .tcp, let port = listener.localAddress?.port {
            if cutsBack { back = try await TCPCutter(target: port) }
            target = .tcp(port: back?.port ?? port)
        }
        self.back = back
        var options = NginxFixture.Options(mounts: [NginxFixture.Mount(to: target)])
        options.workerShutdownTimeout = shutdownTimeout
        nginx = try await NginxFixture(options)
        front = cutsFront ? try await TCPCutter(target: nginx.port) : nil
    }

    /// The URL of a servlet, through everything that was put before it.
    func url(_ servlet: String) -> String { "http://127.0.0.1:\(front?.port ?? nginx.port)/longwire/\(servlet)" }

    /// Waits until the mount knows no session and no transaction any more.
    func becomesEmpty() async throws {
        try await eventually("no session is left") { self.mount.sessionCount == 0 }
        try await eventually("no FastCGI connection is left") {
            self.fastCGI.openConnections == 0 && self.fastCGI.openRequests == 0
        }
    }

    /// Stops listening; called at the end of each test.
    func stop() async { await listener.close() }
}
