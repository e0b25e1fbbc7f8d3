import Foundation
import LongwireClient
import NIOConcurrencyHelpers
import TestSupport
import Testing

/// longwired behind nginx and, beside that, answering HTTP itself; with a session at each that nothing may disturb.
struct BadInputSite {
    let longwired: ManagedProcess
    let nginx: NginxFixture
    let httpPort: Int
    let control: String
    private let folder: TemporaryFolder
    private var bystanders: [BadInputBystander] = []

    init(_ flags: [String] = [], nginx change: (inout NginxFixture.Options) -> Void = { _ in }) async throws {
        folder = try TemporaryFolder()
        control = folder.path("control")
        httpPort = try FreePort.next()
        let socket = folder.path("lw.sock")
        longwired = try ManagedProcess(
            BuiltProducts.longwired,
            [
                "--fastcgi", "unix:\(socket)", "--http", "127.0.0.1:\(httpPort)", "--host", "example.org", "--servlet",
                "echo", "--servlet",
                "room=chat", "--control", control, "--loops", "2",
            ] + flags)
        try await longwired.waitForLine(containing: "serving")
        var options = NginxFixture.Options(mounts: [.init(to: .unix(path: socket))])
        change(&options)
        nginx = try await NginxFixture(options)
        for port in [nginx.port, httpPort] {
            bystanders.append(try await BadInputBystander(url: url("echo", port: port)))
        }
    }

    /// The two ways in.
    var ports: [Int] { [nginx.port, httpPort] }

    func url(_ servlet: String, port: Int) -> String { "http://127.0.0.1:\(port)/longwire/\(servlet)" }

    /// The sessions beside still echo over the line they had, and new ones open.
    func expectUndisturbed(_ comment: Comment? = nil, location: SourceLocation = #_sourceLocation) async throws {
        for bystander in bystanders { try await bystander.expectUndisturbed(comment, location: location) }
        #expect(longwired.isRunning, "\(longwired.report)", sourceLocation: location)
        for port in ports {
            let fresh = try await BadInputBystander(url: url("echo", port: port))
            try await fresh.expectUndisturbed(comment, location: location)
            await fresh.close()
        }
    }

    /// What the operator sees: a line of JSON a session.
    func sessions() async throws -> [String] {
        let text = try await ManagedProcess.mustRun(BuiltProducts.longwired, ["sessions", "--control", control])
        return text.split(separator: "\n").map(String.init)
    }
}

/// A session beside a test's own.
final class BadInputBystander: Sendable {
    private let session: Session
    private let record: BadInputChanges
    private let count = NIOLockedValueBox(0)

    init(url: String) async throws {
        let record = BadInputChanges()
        var configuration = ClientConfiguration()
        configuration.onChange = { change in record.changes.withLockedValue { $0.append(change) } }
        session = try await Longwire.connect(url, configuration: configuration)
        self.record = record
    }

    func expectUndisturbed(_ comment: Comment?, location: SourceLocation) async throws {
        let number = count.withLockedValue { count in
            count += 1
            return count
        }
        try await session.send("still here \(number)")
        var messages = session.messages.makeAsyncIterator()
        #expect(try await messages.next()?.text == "still here \(number)", comment, sourceLocation: location)
        #expect(record.changes.withLockedValue { $0 } == [.connected(.duplex)], comment, sourceLocation: location)
    }

    func close() async { await session.close() }
}

/// What a session's line went through.
final class BadInputChanges: Sendable {
    let changes = NIOLockedValueBox<[SessionChange]>([])
}
