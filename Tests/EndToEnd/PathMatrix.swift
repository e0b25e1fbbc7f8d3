import Foundation
import LongwireClient
import LongwireProtocol
import TestSupport

/// The whole matrix, run, and as the page Docs/results/matrix.md.
struct PathMatrix: Sendable {
    static let page = "Docs/results/matrix.md"
    static let transports: [TransportKind] = [.duplex, .stream, .poll]
    /// What follows it in the page is not compared.
    static let uncompared = "## Times"

    let servers: [PathServer]
    let certificates: Certificates
    private(set) var outcomes: [PathCell: PathCell.Outcome] = [:]

    init(servers: [PathServer], certificates: Certificates) {
        self.servers = servers
        self.certificates = certificates
    }

    /// Every cell there is: HTTPS hides requests from whoever would do something to them.
    var cells: [PathCell] {
        servers.flatMap { server in
            PathWay.allCases.filter { !(server.isSecure && $0.readsRequests) }.flatMap { way in
                ([nil] + Self.transports.map { $0 }).map { PathCell(server: server.name, way: way, transport: $0) }
            }
        }
    }

    /// Runs cells, some at the same time.
    mutating func run(_ cells: [PathCell], atOnce: Int) async {
        let servers = Dictionary(uniqueKeysWithValues: servers.map { ($0.name, $0) })
        let certificates = certificates
        await withTaskGroup(of: (PathCell, PathCell.Outcome).self) { group in
            var rest = cells[...]
            func next() {
                guard let cell = rest.popFirst(), let server = servers[cell.server] else { return }
                group.addTask { (cell, await cell.run(server, certificates)) }
            }
            for _ in 0..<atOnce { next() }
            for await (cell, outcome) in group {
                outcomes[cell] = outcome
                next()
            }
        }
    }

    /// The longest time that a choice took, in seconds.
    var slowestChoice: Double { cells.filter { $0.transport == nil }.compactMap { outcomes[$0]?.seconds }.max() ?? 0 }

    // MARK: The page

    private func table(_ transport: TransportKind?) -> String {
        let ways = PathWay.allCases
        var lines = [
            "| server | " + ways.map(\.rawValue).joined(separator: " | ") + " |",
            "|---" + String(repeating: "|---", count: ways.count) + "|",
        ]
        for server in servers {
            let row = ways.map { outcomes[PathCell(server: server.name, way: $0, transport: transport)]?.text ?? "–" }
            lines.append("| \(server.name) | " + row.joined(separator: " | ") + " |")
        }
        return lines.joined(separator: "\n")
    }

    /// The page as it is to be.
    var text: String {
        """
        # Which transport passes where

        Written by the test "Some transport opens on every path" (`Tests/EndToEnd/PathMatrixTests.swift`), with
        `LONGWIRE_WRITE_MATRIX=1`; without it the test fails when a cell changes. Every cell is a session of its own:
        twenty texts and 100 kB go to an echo and come back, and the session is closed in good order.

        Down: the web server in front of `longwired`, with the configuration shipped in `nginx/`, `apache/` and Docs.
        Across: what lies between the client and that server.

        - **buffers …**: a proxy that passes a request, a response or both on only when it has all of it.
        - **HTTP/1.0**: a proxy that speaks it to both sides: no chunks, a connection for each request.
        - **cuts**: every connection is cut at a certain age (20 s where the heartbeat is 15 s; the test takes a
          fifteenth of both); the conversation goes on over two cuts.
        - **NAT**: a connection on which nothing went for two heartbeats is forgotten, and neither side is told; the
          session is silent for four.
        - **–**: HTTPS, which such a proxy cannot look into.

        ## What is chosen

        \(table(nil))

        ## Each transport by itself

        "held back": the server's first words did not come while the request was open. "cut": the connection ended. A
        number is the status of the answer.

        \(Self.transports.map { "### \($0)\n\n\(table($0))" }.joined(separator: "\n\n"))

        \(Self.uncompared)

        The slowest choice of the last run that wrote this page took \(slowestChoice.short) s; 3 s are allowed.

        """
    }

    /// What is compared of a page.
    static func compared(_ text: String) -> String {
        text.range(of: uncompared).map { String(text[..<$0.lowerBound]) } ?? text
    }

    /// The cells of the compared part that stand differently in the committed page.
    func changes(from committed: String) -> [String] {
        let old = Self.compared(committed).split(separator: "\n", omittingEmptySubsequences: false)
        let new = Self.compared(text).split(separator: "\n", omittingEmptySubsequences: false)
        guard old.count == new.count else { return ["the page has \(old.count) lines, not \(new.count)"] }
        return zip(old, new).filter { $0 != $1 }.map { "committed: \($0)\nnow:       \($1)" }
    }

    /// The cells that stand differently in the committed page.
    func changedCells(from committed: String) -> [PathCell] {
        var found: [PathCell] = []
        let sections = Self.compared(committed).components(separatedBy: "\n##").dropFirst()
        for cell in cells {
            let title = cell.transport.map { "# \($0)\n" } ?? " What is chosen\n"
            let row = sections.first { $0.hasPrefix(title) }?.split(separator: "\n")
                .first { $0.hasPrefix("| \(cell.server) |") }
            let texts = row?.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) } ?? []
            let column = (PathWay.allCases.firstIndex(of: cell.way) ?? 0) + 1
            let text = texts.indices.contains(column) ? texts[column] : ""
            if outcomes[cell]?.text != text { found.append(cell) }
        }
        return found
    }
}
