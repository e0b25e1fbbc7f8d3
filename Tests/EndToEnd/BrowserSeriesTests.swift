import Foundation
import TestSupport
import Testing

/// `follow` of the browser module, run by Node: a conversation that outlives its server's process.
@Suite("The browser module's series in Node", .serialized, .timeLimit(.minutes(4)))
struct BrowserSeriesTests {
    private let folder: TemporaryFolder
    private let module: String

    init() throws {
        folder = try TemporaryFolder()
        module = folder.path("longwire.mjs")
    }

    /// Runs a script of Tests/Browser with the module that the site serves.
    private func node(
        _ script: String, _ site: UpgradeSite, _ way: UpgradeSite.Way, _ arguments: String...
    ) async throws -> ManagedProcess {
        let mount = "http://127.0.0.1:\(site.port)/longwire/longwire.js"
        try await ManagedProcess.mustRun("curl", ["-sSf", "--noproxy", "*", "-o", module, mount])
        return try ManagedProcess(
            "node", [Repository.path("Tests/Browser/\(script).mjs"), module, site.url(way)] + arguments)
    }

    // R: D5
    @Test(
        "it goes on while longwired is replaced twice: everything that was sent comes back, once and in order",
        arguments: [(UpgradeSite.Way.nginxStream, "stream"), (.nginxPoll, "poll"), (.stream, "stream,poll")])
    func replaced(_ way: UpgradeSite.Way, _ transports: String) async throws {
        let site = try await UpgradeSite()
        let node = try await node("follow", site, way, transports, "3", "60000")
        for session in 1...2 {
            try await node.waitForLine(containing: "began \(session);")
            try await eventually("something came back: \(node.report)") {
                node.output?.text.contains(" in \(session);") == true
            }
            try await site.upgrade()
            try await node.waitForLine(containing: "session \(session) ended closed 0, 0 open")
        }
        try await node.waitForLine(containing: "over closed 1234, ")
        #expect(try await node.waitUntilExit() == .exited(0), "\(node.report)")
        let line = try #require(node.output?.text.split(separator: "\n").last)
        // 1234 is the code of its own CLOSE.
        let numbers = line.split { !$0.isNumber }.compactMap { Int($0) }
        try #require(numbers.count == 4, "\(line)")
        #expect(numbers[1] == numbers[2] && numbers[3] == 2, "\(line)")
        #expect(line.hasSuffix("then SessionEnded"), "\(line)")
        try await site.stop()
    }

    @Test("where no next session is found in time it is over, and says why; nothing is taken any more")
    func notFound() async throws {
        let site = try await UpgradeSite()
        let node = try await node("follow", site, .nginxStream, "stream", "2", "1500")
        try await node.waitForLine(containing: "at 50 in 1;")
        site.process.terminate()
        try await node.waitForLine(containing: "session 1 ended closed 0, 0 open")
        try await node.waitForLine(containing: "over closed 0, ")
        #expect(try await node.waitUntilExit() == .exited(0), "\(node.report)")
        let line = try #require(node.output?.text.split(separator: "\n").last)
        #expect(line.contains("then SessionEnded, the server answered with status 502"), "\(line)")
        try await site.stop()
    }

    @Test("who leaves the iteration has left it; and a series that is closed seeks no next session")
    func left() async throws {
        let site = try await UpgradeSite()
        let node = try await node("leave", site, .nginxStream)
        // The other iterator took the one session up, or came too late for it: it neither fails nor hangs.
        try await node.waitForLine(containing: "left, the other: ")
        site.process.terminate()
        try await node.waitForLine(containing: "over closed 0, no next one, true")
        #expect(try await node.waitUntilExit() == .exited(0), "\(node.report)")
        try await site.stop()
    }

    @Test("a servlet that ends its session has ended the series")
    func ownEnd() async throws {
        let site = try await UpgradeSite()
        let node = try await node("follow", site, .nginxStream, "stream", "2", "60000")
        try await node.waitForLine(containing: "at 50 in 1;")
        let listed = try await ManagedProcess.mustRun(
            try BuiltProducts.longwired, ["sessions", "--control", site.control])
        let identifier = try #require(listed.firstRange(of: "\"session\":\"")).upperBound
        try await ManagedProcess.mustRun(
            try BuiltProducts.longwired,
            ["close", "--control", site.control, String(listed[identifier...].prefix(32)), "--code", "1001"])
        try await node.waitForLine(containing: "session 1 ended closed 1001")
        try await node.waitForLine(containing: "over closed 1001, ")
        #expect(try await node.waitUntilExit() == .exited(0), "\(node.report)")
        try await site.stop()
    }
}
