import Foundation
import LongwireClient
import TestSupport

/// A longwired that is replaced while it is in use, on all kinds of sockets at once, with an nginx in front.
final class UpgradeSite: Sendable {
    /// How clients come to it.
    enum Way: String, CaseIterable, Sendable {
        case duplex, stream, poll, websocket, tcp
        case nginxDuplex, nginxStream, nginxPoll

        var transport: TransportKind {
            switch self {
            case .duplex, .nginxDuplex: .duplex
            case .stream, .nginxStream: .stream
            case .poll, .nginxPoll: .poll
            case .websocket: .websocket
            case .tcp: .tcp
            }
        }
        var isBehindNginx: Bool { [.nginxDuplex, .nginxStream, .nginxPoll].contains(self) }
    }

    let folder: TemporaryFolder
    let nginx: NginxFixture
    let process: ManagedProcess
    let port: Int
    let tcpPort: Int
    /// The socket between nginx and longwired.
    let socket: String
    var control: String { folder.path("control") }
    var file: String { folder.path("longwired.yaml") }
    private let newest: FlowBox<pid_t>

    init(
        drain: String = "{window: 200ms, limit: 30s}", more: String = "", environment: [String: String?] = [:]
    ) async throws {
        FileLimit.raise()
        folder = try TemporaryFolder()
        port = try FreePort.next()
        tcpPort = try FreePort.next()
        socket = folder.path("fcgi.sock")
        try folder.write(
            Self.text(folder, port: port, tcpPort: tcpPort, drain: drain) + more, to: "longwired.yaml")
        process = try ManagedProcess(
            BuiltProducts.longwired, ["--config", folder.path("longwired.yaml")], environment: environment)
        newest = FlowBox(process.pid)
        nginx = try await NginxFixture(to: .unix(path: socket))
        try await process.waitForLine(containing: "serving")
    }

    static func text(_ folder: TemporaryFolder, port: Int, tcpPort: Int, drain: String) -> String {
        """
        listen:
          http: [127.0.0.1:\(port)]
          tcp: [127.0.0.1:\(tcpPort)]
          fastcgi: ["unix:\(folder.path("fcgi.sock"))?mode=0666"]
        control: \(folder.path("control"))
        servlets: {echo: echo}
        drain: \(drain)

        """
    }

    /// The process that was started last.
    var pid: pid_t { newest.value }

    func url(_ way: Way) -> String {
        way.isBehindNginx ? nginx.url("/longwire/echo") : "http://127.0.0.1:\(port)/longwire/echo"
    }

    func configuration(_ way: Way) -> ClientConfiguration {
        var configuration = ClientConfiguration()
        configuration.transports = [way.transport]
        if way == .tcp { configuration.directTCP = DirectTCP(port: tcpPort) }
        return configuration
    }

    func follow(_ way: Way) async throws -> SessionSeries {
        try await Longwire.follow(url(way), configuration: configuration(way))
    }

    /// `longwired upgrade`, which must succeed.
    func upgrade() async throws {
        let result = try await tryUpgrade()
        guard result.status == .exited(0),
            let pid = pid_t(result.output.trimmingCharacters(in: .whitespacesAndNewlines))
        else { throw NoUpgrade(description: "\(result.output)\(result.errors)\n\(process.report)") }
        newest.set(pid)
    }

    /// An upgrade that was to succeed did not.
    struct NoUpgrade: Error, CustomStringConvertible { let description: String }

    func tryUpgrade() async throws -> ManagedProcess.Result {
        try await ManagedProcess.run(BuiltProducts.longwired, ["upgrade", "--control", control])
    }

    func stop() async throws {
        process.stop()
        try await nginx.stop()
    }
}
