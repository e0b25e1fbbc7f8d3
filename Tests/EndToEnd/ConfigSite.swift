import Foundation
import LongwireClient
import TestSupport

/// longwired with a configuration file that a test changes, behind its own HTTP listener.
final class ConfigSite: Sendable {
    let folder: TemporaryFolder
    let process: ManagedProcess
    let port: Int
    /// The configuration file.
    var file: String { folder.path("longwired.yaml") }

    /// - Parameter text: what stands in the file besides listeners and the operator's socket.
    init(_ text: String, flags: [String] = [], environment: [String: String?] = [:]) async throws {
        FileLimit.raise()
        folder = try TemporaryFolder()
        port = try FreePort.next()
        try Self.write(text, port: port, folder: folder)
        process = try ManagedProcess(
            BuiltProducts.longwired, ["--config", folder.path("longwired.yaml")] + flags, environment: environment)
        try await process.waitForLine(containing: "serving")
    }

    /// Replaces the file's text; line 1 of `text` is line 3 of the file.
    func write(_ text: String) throws { try Self.write(text, port: port, folder: folder) }

    private static func write(_ text: String, port: Int, folder: TemporaryFolder) throws {
        let head = "listen: {http: [127.0.0.1:\(port)]}\ncontrol: \(folder.path("control"))\n"
        try folder.write(head + text, to: "longwired.yaml")
    }

    /// SIGHUP, and the line that says what came of it.
    func reload(_ text: String, expecting line: String) async throws {
        try write(text)
        let before = lines.count { $0.contains(line) }
        process.send(signal: SIGHUP)
        try await eventually("the log says \(line): \(process.report)") {
            self.lines.count { $0.contains(line) } > before
        }
    }

    /// The log.
    var lines: [String] { process.errors?.lines ?? [] }

    func url(_ servlet: String) -> String { "http://127.0.0.1:\(port)/longwire/\(servlet)" }

    func connect(_ servlet: String) async throws -> FlowClient { try await FlowClient.connect(url(servlet)) }
}

extension FlowClient {
    /// Sends a text and expects it back.
    func echoes(_ text: String) async throws -> Bool {
        try await session.send(text)
        var messages = session.messages.makeAsyncIterator()
        return try await messages.next()?.text == text
    }
}
