import Foundation
import LongwireClient
import Logging
import LongwireServer
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

/// A server with one program as its servlet `program`, and `echo` beside it; the program's processes can be found.
struct ExecSite {
    let server: TestServer
    let folder: TemporaryFolder
    let log = NIOLockedValueBox<[String]>([])
    private let mark: String

    /// Short, so that tests are; what depends on it is told by codes and reasons, not by time.
    static let grace = TimeAmount.milliseconds(300)

    /// - Parameter script: what /bin/sh runs; `$FOLDER` is a folder of the test's own.
    init(_ script: String, _ change: (inout ExecConfiguration) -> Void = { _ in }) async throws {
        try await self.init(command: ["/bin/sh", "-c", script], change)
    }

    init(command: [String], _ change: (inout ExecConfiguration) -> Void = { _ in }) async throws {
        folder = try TemporaryFolder()
        mark = folder.path
        var configuration = ExecConfiguration(command: command)
        configuration.grace = Self.grace
        configuration.environment["FOLDER"] = folder.path
        change(&configuration)
        let log = log
        let logger = Logger(label: "test") { _ in KeptLog(lines: log) }
        server = try await TestServer(
            [
                "program": .task(try ExecServlet(configuration, logger: logger)), "echo": .inline(EchoServlet()),
            ], threads: 2, logger: logger)
    }

    /// What runs of the programs of this site.
    var processes: [pid_t] { ProcessTable.processes(marked: "FOLDER=\(mark)") }

    func connect(_ configuration: ClientConfiguration = ClientConfiguration()) async throws -> Session {
        try await server.connect("program", configuration)
    }

    /// Sends messages, closes, and gives what came and how it ended.
    func talk(_ messages: [Message] = []) async throws -> (messages: [Message], ending: SessionEnding) {
        let session = try await connect()
        for message in messages { try await session.send(message) }
        session.beginClose()
        return try await session.rest()
    }

    /// Nothing of the programs is left; asked at once, since that is promised before the session ends.
    func expectNothingLeft() async throws {
        try await eventually("nothing is left of the programs") { processes.isEmpty }
    }

    func stop() async throws { try await server.stop() }
}

/// Keeps what is logged, a line each.
struct KeptLog: LogHandler {
    let lines: NIOLockedValueBox<[String]>
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let text = all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        lines.withLockedValue { $0.append("\(event.message) \(text)") }
    }
}

extension Session {
    /// Everything that still comes, and how the session ends.
    func rest() async throws -> (messages: [Message], ending: SessionEnding) {
        var all: [Message] = []
        do { for try await message in messages { all.append(message) } } catch is SessionEnding {}
        // The other side has ended: so do we.
        beginClose()
        return (all, await ending)
    }
}
