import Foundation
import TestSupport
import Testing

/// Users without any rights: a service runs as one, and people are.
@Suite("Users without rights", .timeLimit(.minutes(1)), .enabled(if: geteuid() == 0))
struct ServiceUserTests {
    /// Runs a program as nobody.
    private func asNobody(_ program: String, _ arguments: [String]) -> (String, [String]) {
        ("setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", program] + arguments)
    }

    @Test("nobody serves over TCP, joins a session to a TCP service, and connects")
    func everythingOverTCP() async throws {
        let folder = try TemporaryFolder()
        // Nobody must get to the programs, wherever they were built.
        for (name, path) in [("longwired", try BuiltProducts.longwired), ("longwire", try BuiltProducts.longwire)] {
            try FileManager.default.copyItem(atPath: path, toPath: folder.path(name))
        }
        chmod(folder.path, 0o711)
        let port = try FreePort.next()
        let (program, arguments) = asNobody(
            folder.path("longwired"),
            [
                "--http", "127.0.0.1:\(port)", "--servlet", "echo", "--servlet", "itself=tcp://127.0.0.1:\(port)",
            ])
        let longwired = try ManagedProcess(program, arguments)
        try await longwired.waitForLine(containing: "serving")
        // What is joined over TCP is its own HTTP listener.
        let exchanges = [
            ("echo", "hello\n", "hello\n"), ("itself", "GET /longwire/echo HTTP/1.0\r\n\r\n", "HTTP/1.0 200"),
        ]
        for (servlet, input, answer) in exchanges {
            let (client, words) = asNobody(
                folder.path("longwire"), ["connect", "--binary", "http://127.0.0.1:\(port)/longwire/\(servlet)"])
            let result = try await ManagedProcess.run(client, words, input: input)
            #expect(result.status == .exited(0), "\(result.errors)")
            #expect(result.output.hasPrefix(answer), "\(result.output)")
        }
        longwired.terminate()
        #expect(try await longwired.waitUntilExit() == .exited(0), "\(longwired.report)")
    }
}
