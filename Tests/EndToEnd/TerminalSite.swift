import Foundation
import TestSupport
import Testing

/// A real longwired that serves HTTP by itself, or behind a real nginx, for the tests of the terminal client.
final class TerminalSite: Sendable {
    let folder: TemporaryFolder
    /// Where longwired serves HTTP and FastCGI.
    let port: Int
    let fastcgi: Int
    private let nginx: NginxFixture?
    private let options: [String]

    /// - Parameters:
    ///   - behindNginx: whether clients reach it through nginx.
    ///   - options: further flags of longwired.
    init(behindNginx: Bool = false, options: [String] = []) async throws {
        folder = try TemporaryFolder()
        port = try FreePort.next()
        fastcgi = try FreePort.next()
        self.options = options
        nginx = behindNginx ? try await NginxFixture(to: .tcp(port: fastcgi)) : nil
    }

    /// Starts longwired, and waits until it serves.
    func start() async throws -> ManagedProcess {
        let arguments = [
            "--http", "127.0.0.1:\(port)", "--fastcgi", "127.0.0.1:\(fastcgi)", "--control", control, "--servlet",
            "echo",
            "--servlet", "room=chat", "--servlet", "clock",
        ]
        let server = try ManagedProcess(try BuiltProducts.longwired, arguments + options)
        try await server.waitForLine(containing: "serving")
        return server
    }

    var web: NginxFixture { get throws { try #require(nginx) } }
    var control: String { folder.path("control") }

    func url(_ servlet: String) -> String {
        nginx?.url("/longwire/\(servlet)") ?? "http://127.0.0.1:\(port)/longwire/\(servlet)"
    }

    /// The identifiers of the open sessions.
    func sessions() async throws -> [String] {
        let text = try await ManagedProcess.mustRun(try BuiltProducts.longwired, ["sessions", "--control", control])
        return text.components(separatedBy: "\"session\":\"").dropFirst().map { String($0.prefix(32)) }
    }

    /// Runs `longwire connect` to its end.
    func client(_ servlet: String, _ options: [String] = [], input: String = "") async throws -> ManagedProcess.Result {
        try await ManagedProcess.run(
            try BuiltProducts.longwire, ["connect", url(servlet)] + options, input: input, within: .seconds(120))
    }
}
