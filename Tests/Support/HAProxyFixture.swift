import Foundation

/// A real HAProxy of the system, in the foreground, in front of another web server.
///
/// Its configuration is the one shown in Docs/haproxy.md, so what is tested is what people read.
package final class HAProxyFixture: Sendable {
    /// The port it listens on.
    package let port: Int
    /// The running program.
    package let process: ManagedProcess

    private let folder: TemporaryFolder

    /// Starts HAProxy and waits until it accepts connections.
    ///
    /// - Parameters:
    ///   - target: the loopback port of the web server behind it.
    ///   - http2: whether it speaks HTTP/2 to that.
    package init(target: Int, http2: Bool = false) async throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        port = try FreePort.next()
        var text = try Guide.block(of: "Docs/haproxy.md", language: "haproxy")
        for (old, new) in [
            ("bind :80", "bind 127.0.0.1:\(port)"),
            ("server nginx 127.0.0.1:8080", "server nginx 127.0.0.1:\(target)\(http2 ? " proto h2" : "")"),
        ] {
            guard text.contains(old) else { throw TimedOut(description: "Docs/haproxy.md lacks “\(old)”") }
            text = text.replacingOccurrences(of: old, with: new)
        }
        process = try ManagedProcess("haproxy", ["-db", "-f", try folder.write(text, to: "haproxy.cfg")])
        let (port, process) = (port, process)
        try await eventually("HAProxy accepts connections on \(port)") {
            guard process.isRunning else { throw TimedOut(description: "HAProxy did not start: \(process.report)") }
            return Probe.accepts(port: port)
        }
    }

    /// Ends it and waits until it is gone.
    package func stop() async throws {
        process.stop()
        try await process.waitUntilExit()
    }
}

/// The pages under Docs, whose examples are what tests run with.
package enum Guide {
    /// The first block of a language in a page.
    package static func block(of page: String, language: String) throws -> String {
        let bytes = FileManager.default.contents(atPath: Repository.path(page)) ?? Data()
        let text = String(decoding: bytes, as: UTF8.self)
        guard let start = text.range(of: "```\(language)\n"),
            let end = text.range(of: "```", range: start.upperBound..<text.endIndex)
        else { throw TimedOut(description: "\(page) has no block of \(language)") }
        return String(text[start.upperBound..<end.lowerBound])
    }
}
