import Foundation

/// A real lighttpd of the system, in the foreground, with a folder and a loopback port of its own.
package final class LighttpdFixture: Sendable {
    /// The port it listens on.
    package let port: Int
    /// The running program; programs it starts by `bin-path` are its children.
    package let process: ManagedProcess
    /// The folder that holds its configuration and whatever the test puts there.
    package let folder: TemporaryFolder

    /// Starts lighttpd and waits until it accepts connections.
    ///
    /// - Parameters:
    ///   - modules: Besides the core, such as `mod_fastcgi`.
    ///   - configuration: The text after port, folder and modules, given the folder's path.
    package init(modules: [String] = ["mod_fastcgi"], configuration: (_ folder: String) -> String) async throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        port = try FreePort.next()
        try FileManager.default.createDirectory(atPath: folder.path("site"), withIntermediateDirectories: true)
        try folder.write(NginxFixture.page, to: "site/index.html")
        let text = """
            server.bind = "127.0.0.1"
            server.port = \(port)
            server.document-root = "\(folder.path)/site"
            server.errorlog = "\(folder.path)/error.log"
            server.upload-dirs = ( "\(folder.path)" )
            index-file.names = ( "index.html" )
            server.modules = ( \(modules.map { "\"\($0)\"" }.joined(separator: ", ")) )
            \(configuration(folder.path))

            """
        process = try ManagedProcess("lighttpd", ["-D", "-f", try folder.write(text, to: "lighttpd.conf")])
        let (port, process) = (port, process)
        try await eventually("lighttpd accepts connections on \(port)") {
            guard process.isRunning else {
                throw TimedOut(description: "lighttpd did not start: \(process.report)\(folder.read("error.log"))")
            }
            return Probe.accepts(port: port)
        }
    }

    /// The error log's text.
    package var errorLog: String { folder.read("error.log") }

    /// `http://127.0.0.1:PORT` and a path.
    package func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }
}
