import Foundation
import NIOCore
import TestSupport

/// A conversation with curl over one path of the matrix: Server-Sent Events down, a POST for each message.
struct PathPlain: Sendable {
    let server: PathServer
    let front: PathFront
    let way: PathWay
    let certificates: Certificates

    /// What the first event says of the session.
    private struct Opening: Decodable {
        var session: String
        var token: String
    }

    private var url: String { server.url(port: front.port) }

    /// What curl is told of the way.
    private var options: [String] {
        var options = ["-sS", "--max-time", flowIsLong ? "200" : "30", "--cacert", certificates.authority]
        options += front.proxy.map { ["-x", $0] } ?? ["--noproxy", "*"]
        if front.isTunnel { options.append("--proxytunnel") }
        options.append(server.speaksHTTP2 ? "--http2" : "--http1.1")
        return options
    }

    func run() async throws -> PathCell.Outcome {
        var stream = try events(after: nil)
        defer { stream.stop() }
        guard let line = try? await stream.waitForLine(containing: "data: {", within: .seconds(4)) else {
            let text = stream.report
            return PathCell.Outcome(text: "falls: \(stream.isRunning ? "held back" : "cut")", detail: text)
        }
        let opening = try JSONDecoder().decode(Opening.self, from: Data(line.dropFirst(6).utf8))
        for number in 1...3 { try await echo("message \(number)", opening, stream) }
        if way == .cuts {
            for number in 1...2 {
                _ = try await stream.waitUntilExit(within: .seconds(60))
                let last = stream.output?.lines.last { $0.hasPrefix("id: ") }?.dropFirst(4)
                stream = try events(after: last.map(String.init) ?? "")
                try await echo("across cuts \(number)", opening, stream)
            }
        } else if way == .forgets {
            try await Pace.idle(.nanoseconds(PathWay.forgetTime.nanoseconds * 2))
        }
        try await echo("after all", opening, stream)
        try await request("DELETE", opening)
        try await stream.waitForLine(containing: "event: close")
        guard stream.output?.text.contains("event: lost") == false else {
            return PathCell.Outcome(text: "opens and breaks", detail: "messages were lost")
        }
        return PathCell.Outcome(text: "works")
    }

    private func events(after last: String?) throws -> ManagedProcess {
        let resume = last.map { ["-H", "Last-Event-ID: \($0)"] } ?? []
        let query = way == .holdsStart ? "?prelude=4096" : ""
        return try ManagedProcess("curl", options + ["-N", "-H", "Accept: text/event-stream", url + query] + resume)
    }

    private func echo(_ text: String, _ opening: Opening, _ stream: ManagedProcess) async throws {
        try await request("POST", opening, ["-d", text])
        try await stream.waitForLine(containing: "data: \(text)", within: .seconds(20))
    }

    private func request(_ method: String, _ opening: Opening, _ more: [String] = []) async throws {
        let result = try await ManagedProcess.run(
            "curl",
            options + [
                "-f", "-X", method, "-H", "Longwire-Token: \(opening.token)", "\(url)?session=\(opening.session)",
            ] + more)
        guard result.status == .exited(0) else { throw PathFailure(description: "\(method): \(result.errors)") }
    }
}
