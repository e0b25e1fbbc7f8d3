import Foundation
import LongwireClient
import LongwireProtocol
import TestSupport

/// The whole matrix, run, and as the page Docs/results/matrix.md.
struct PathMatrix: Sendable {
    static let page = "Docs/results/matrix.md"
    /// What follows it in the page is not compared.
    static let uncompared = "## Times"

    let servers: [PathServer]
    let proxies: PathProxies
    let certificates: Certificates
    private(set) var outcomes: [PathCell: PathCell.Outcome] = [:]

    init(servers: [PathServer], proxies: PathProxies, certificates: Certificates) {
        self.servers = servers
        self.proxies = proxies
        self.certificates = certificates
    }

    /// Every cell there is: HTTPS hides requests from whoever would do something to them, and bare TCP goes past web
    /// servers and whatever is for HTTP alone.
    var cells: [PathCell] {
        var cells: [PathCell] = []
        for server in servers {
            for way in PathWay.allCases where !(server.isSecure && way.readsRequests) {
                for transport in [nil] + PathTransport.allCases.map({ Optional($0) }) {
                    if transport == .tcp, server.tcpPort == nil || way.readsRequests { continue }
                    cells.append(PathCell(server: server.name, way: way, transport: transport))
                }
            }
        }
        return cells
    }

    /// Runs cells, some at the same time, first those that mostly wait.
    mutating func run(_ cells: [PathCell], atOnce: Int) async {
        let servers = Dictionary(uniqueKeysWithValues: servers.map { ($0.name, $0) })
        let (proxies, certificates) = (proxies, certificates)
        let cells = cells.filter(\.way.takesTime) + cells.filter { !$0.way.takesTime }
        await withTaskGroup(of: (PathCell, PathCell.Outcome).self) { group in
            var rest = cells[...]
            func next() {
                guard let cell = rest.popFirst(), let server = servers[cell.server] else { return }
                group.addTask { (cell, await cell.run(server, proxies, certificates)) }
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

    private func table(_ transport: PathTransport?) -> String {
        let ways = PathWay.allCases
        var lines = [
            "| server | " + ways.map(\.rawValue).joined(separator: " | ") + " |",
            "|---" + String(repeating: "|---", count: ways.count) + "|",
        ]
        for server in servers where transport != .tcp || server.tcpPort != nil {
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
        `LONGWIRE_WRITE_MATRIX=1`; without it the test fails when a cell changes. A cell that comes out differently is
        measured again, by itself, up to three times before that counts. Every cell is a session of its own: twenty
        texts and 100 kB go to an echo and come back, and the session is closed in good order.

        Down: the web server in front of `longwired`, with the configuration shipped in `nginx/`, `apache/` and Docs.
        The client speaks HTTP/1.1. In the row "nginx TLS, HTTP/2" nginx offers HTTP/2 and only `plain`, which is curl,
        takes it; the row "HAProxy, HTTP/2 to nginx" takes every request to nginx over HTTP/2. That one transaction both
        ways passes nginx and Apache over HTTP/2 from the client on, and that Chromium talks so, is shown by tests of
        their own (`PathHTTP2Tests`, `BrowserChatTests`).

        Across: what lies between the client and that server.

        - **squid, tinyproxy, privoxy**: these forward proxies, as Debian has them; for HTTPS in a tunnel.
        - **two in a row**: tinyproxy, which passes everything on to squid.
        - **CONNECT**: a tunnel through squid for HTTP too (`--proxy-tunnel`).
        - **HTTP/1.0**: a proxy that speaks it to both sides: no chunks, a connection for each request.
        - **buffers …**: a proxy that passes a request, a response or both on only when it has all of it.
        - **holds 4 KiB**: a proxy that keeps a response until it has 4 KiB of it, and then passes on what comes. A
          client that chooses finds this out; where a transport is demanded, it asks for a prelude from the start.
        - **cuts**: every connection is cut at a certain age (20 s where the heartbeat is 15 s; the test takes a
          fifteenth of both, and the whole with `LONGWIRE_LONG=1`); the conversation goes on over two cuts.
        - **NAT**: a connection on which nothing went for two heartbeats (30 s) is forgotten, and neither side is told;
          the session is silent for four.
        - **–**: HTTPS, which such a proxy cannot look into; and `tcp`, which goes past web servers and past whatever is
          for HTTP alone.

        ## What is chosen

        \(table(nil))

        ## Each transport by itself

        "held back": the server's first words did not come while the request was open. "cut": the connection ended. A
        number is the status of the answer; "refused": it is one that makes no WebSocket. `tcp` and `websocket` go by a
        forward proxy in a tunnel. `plain` is curl with Server-Sent Events and POSTs.

        \(PathTransport.allCases.map { "### \($0)\n\n\(table($0))" }.joined(separator: "\n\n"))

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
