import Foundation
import TestSupport
import Testing

/// What the pages show of curl, typed as it stands there, against nginx with longwired behind it.
@Suite("The conversations with curl that the pages show", .serialized, .timeLimit(.minutes(2)))
struct CurlDocsTests {
    // R: C1, C3, C5, D11
    @Test(
        "What is typed is answered as the page says, also after coming back", arguments: ["Docs/curl.md", "README.md"])
    func conversation(_ page: String) async throws {
        let daemon = try await FlowDaemon(over: .tcp, ["--servlet", "echo"])
        let shell = try CurlShell(port: daemon.nginx.port)
        let steps = try CurlPage.steps(of: page)
        #expect(steps.contains { if case .type(let command) = $0 { command.contains("curl -sN") } else { false } })
        #expect(steps.contains { if case .type(let command) = $0 { command.contains(" -d ") } else { false } })
        #expect(steps.contains { if case .type(let command) = $0 { command.contains("Last-Event-ID") } else { false } })
        for step in steps {
            switch step {
            case .type(let command): try await shell.type(command)
            case .interrupt: try await shell.type("kill %1; wait %1 2>/dev/null")
            case .see(let line): try await shell.sees(line)
            }
        }
        #expect(shell.errors.isEmpty, "\(shell.errors)")
        shell.stop()
        try await daemon.stop()
    }
}

/// What a page has its reader do with curl, and see.
enum CurlPage {
    enum Step {
        case type(String)
        /// Ctrl-C where events stream.
        case interrupt
        case see(String)
    }

    /// The steps of the console blocks, and of the blocks without a language that follow them, in the order of the page.
    static func steps(of page: String) throws -> [Step] {
        let text = try String(contentsOfFile: Repository.path(page), encoding: .utf8)
        var steps: [Step] = []
        var language: String?
        var block: [String] = []
        var isConversation = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if let open = language {
                guard line == "```" else {
                    block.append(line)
                    continue
                }
                isConversation = isConversation || block.contains { $0.contains("curl -sN") }
                if isConversation, open == "console" || open.isEmpty { steps += block.map(step) }
                language = nil
                block = []
            } else if line.hasPrefix("```") {
                language = String(line.dropFirst(3))
            } else if line.hasPrefix("#") {
                isConversation = false
            } else if isConversation, line.contains("Ctrl-C") {
                steps.append(.interrupt)
            }
        }
        return steps
    }

    private static func step(_ line: String) -> Step {
        line.hasPrefix("$ ") ? .type(String(line.dropFirst(2))) : .see(line)
    }
}

/// One shell for both terminals of a page: what streams runs beside the rest.
final class CurlShell {
    /// The key by which the page's server lets a client come back; each server has another.
    private static let shownKey = "o5IJczt-HT1UHbY2wP19-g"

    private let process: ManagedProcess
    private let port: Int
    private var key: String?
    /// The lines that were compared already.
    private var seen = 0
    private var skips = false

    init(port: Int) throws {
        self.port = port
        process = try ManagedProcess(
            "bash", ["--norc"],
            environment: ["http_proxy": nil, "HTTP_PROXY": nil, "ALL_PROXY": nil, "all_proxy": nil],
            input: .pipe)
    }

    /// What curl complained of; a job that was ended is no complaint.
    var errors: [String] { (process.errors?.lines ?? []).filter { $0.hasPrefix("curl:") } }

    func type(_ command: String) async throws {
        var line = command.replacing("127.0.0.1:8080", with: "127.0.0.1:\(port)")
        if let key { line = line.replacing(Self.shownKey, with: key) }
        if line.hasPrefix("curl -sN"), !line.hasSuffix("&") { line += " &" }
        // Without -s it draws its progress where its output is no terminal.
        if line.hasPrefix("curl -H") || line.hasPrefix("curl -X") { line = "curl -s" + line.dropFirst(4) }
        try await process.write(Array((line + "\n").utf8), within: .seconds(10))
    }

    /// The next line is this one; after a line `…` others may come before it.
    func sees(_ expected: String) async throws {
        // Empty lines end events; where a page cuts its block says nothing of them.
        guard !expected.isEmpty else { return }
        guard expected != "…" else {
            skips = true
            return
        }
        try await eventually("“\(expected)” is shown; so far: \(process.output?.lines ?? [])") {
            let lines = process.output?.lines ?? []
            while seen < lines.count {
                seen += 1
                if isSame(lines[seen - 1], expected) {
                    skips = false
                    return true
                }
                try #require(
                    skips || lines[seen - 1].isEmpty, "“\(lines[seen - 1])” came where the page shows “\(expected)”")
            }
            return false
        }
    }

    private func isSame(_ line: String, _ expected: String) -> Bool {
        if let key { return line == expected.replacing(Self.shownKey, with: key) }
        guard expected.contains(Self.shownKey) else { return line == expected }
        let parts = expected.components(separatedBy: Self.shownKey)
        let length = line.count - parts.joined().count
        guard parts.count == 2, length == Self.shownKey.count, line.hasPrefix(parts[0]), line.hasSuffix(parts[1]) else {
            return false
        }
        key = String(line.dropFirst(parts[0].count).prefix(length))
        return true
    }

    func stop() { process.stop() }
}
