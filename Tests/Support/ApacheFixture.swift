import Foundation

/// A real Apache of the system, in the foreground, with a folder and unprivileged loopback ports of its own.
///
/// Its mount is the file shipped in `apache/`, so what is tested is what is shipped; only addresses are replaced.
package final class ApacheFixture: Sendable {
    /// Which of the shipped files is used, and where longwired listens.
    package enum Way: Sendable {
        /// `longwire.conf`: FastCGI.
        case fastCGI(port: Int)
        /// `longwire-h2c.conf`: HTTP/2 without TLS.
        case h2c(port: Int)
        /// `longwire-websocket.conf`: HTTP/1.1 that may be upgraded.
        case webSocket(port: Int)

        /// The shipped file, the address in it, and the modules it asks for.
        var file: (name: String, address: String, port: Int, modules: [String]) {
            switch self {
            case .fastCGI(let port): ("longwire.conf", "127.0.0.1:9000", port, ["proxy", "proxy_fcgi"])
            case .h2c(let port): ("longwire-h2c.conf", "127.0.0.1:9001", port, ["proxy", "http2", "proxy_http2"])
            case .webSocket(let port):
                ("longwire-websocket.conf", "127.0.0.1:9001", port, ["proxy", "proxy_http"])
            }
        }
    }

    /// The port of the HTTP listener.
    package let port: Int
    /// The port of the HTTPS listener, when there is one.
    package let tlsPort: Int?
    /// The running parent process.
    package let process: ManagedProcess

    private let folder: TemporaryFolder

    /// Starts Apache and waits until it accepts connections.
    ///
    /// - Parameters:
    ///   - way: how requests below `/longwire` reach longwired.
    ///   - certificates: of a second, HTTPS listener, which offers HTTP/2 as well; nil for none.
    ///   - modules: further ones.
    ///   - directives: at the end of the server's configuration.
    package init(
        _ way: Way, certificates: Certificates? = nil, modules: [String] = [], directives: String = ""
    ) async throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        // As root, Apache's children are another user, who must get to the page.
        try FileManager.default.setAttributes([.posixPermissions: 0o711], ofItemAtPath: folder.path)
        try FileManager.default.createDirectory(atPath: folder.path("site"), withIntermediateDirectories: true)
        try folder.write(NginxFixture.page, to: "site/index.html")
        port = try FreePort.next()
        tlsPort = certificates == nil ? nil : try FreePort.next()
        let more = modules.map { "LoadModule \($0)_module /usr/lib/apache2/modules/mod_\($0).so\n" }.joined()
        let text =
            more + (try Self.configuration(way, folder: folder, port: port, tlsPort: tlsPort, certificates))
            + directives
        process = try ManagedProcess("apache2", ["-D", "FOREGROUND", "-f", try folder.write(text, to: "apache.conf")])
        let (port, process) = (port, process)
        try await eventually("Apache accepts connections on \(port)") {
            guard process.isRunning else {
                throw TimedOut(description: "Apache did not start: \(process.report)\(folder.read("error.log"))")
            }
            return Probe.accepts(port: port)
        }
    }

    /// The shipped file of a way, with addresses of this test, put into `folder`.
    private static func shipped(_ way: Way, in folder: TemporaryFolder) throws -> String {
        let file = way.file
        let bytes = FileManager.default.contents(atPath: Repository.path("apache/\(file.name)")) ?? Data()
        let text = String(decoding: bytes, as: UTF8.self)
        return try folder.write(
            text.replacingOccurrences(of: file.address, with: "127.0.0.1:\(file.port)"), to: file.name)
    }

    private static func configuration(
        _ way: Way, folder: TemporaryFolder, port: Int, tlsPort: Int?, _ certificates: Certificates?
    ) throws -> String {
        var modules = ["mpm_event", "authz_core", "dir", "env", "mime", "reqtimeout"] + way.file.modules
        if certificates != nil { modules += ["socache_shmcb", "ssl"] + (modules.contains("http2") ? [] : ["http2"]) }
        let loads = modules.map { "LoadModule \($0)_module /usr/lib/apache2/modules/mod_\($0).so" }
        let include = "Include \(try shipped(way, in: folder))"
        var sites = ["<VirtualHost 127.0.0.1:\(port)>\n\(include)\n</VirtualHost>"]
        if let tlsPort, let certificates {
            sites.append(
                """
                Listen 127.0.0.1:\(tlsPort)
                <VirtualHost 127.0.0.1:\(tlsPort)>
                SSLEngine on
                SSLCertificateFile \(certificates.certificate)
                SSLCertificateKeyFile \(certificates.key)
                Protocols h2 http/1.1
                \(include)
                </VirtualHost>
                """)
        }
        return """
            ServerRoot \(folder.path)
            ServerName localhost
            DefaultRuntimeDir \(folder.path)
            PidFile \(folder.path)/apache.pid
            ErrorLog \(folder.path)/error.log
            LogLevel warn
            \(loads.joined(separator: "\n"))
            \(geteuid() == 0 ? "User www-data\nGroup www-data" : "")
            TypesConfig /etc/mime.types
            DocumentRoot \(folder.path)/site
            DirectoryIndex index.html
            Listen 127.0.0.1:\(port)
            StartServers 1
            ServerLimit 8
            ThreadsPerChild 64
            MinSpareThreads 32
            MaxSpareThreads 512
            MaxRequestWorkers 512
            KeepAliveTimeout 30
            MaxKeepAliveRequests 0
            GracefulShutdownTimeout 1
            \(sites.joined(separator: "\n"))

            """
    }

    /// What `apache2 -t` says of a shipped file: nothing wrong, or what is.
    package static func check(_ way: Way) async throws -> ManagedProcess.Result {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path("site"), withIntermediateDirectories: true)
        let text = try configuration(way, folder: folder, port: try FreePort.next(), tlsPort: nil, nil)
        return try await ManagedProcess.run("apache2", ["-t", "-f", try folder.write(text, to: "apache.conf")])
    }

    /// Ends it with all children, cutting all transactions, and waits until it is gone.
    package func stop() async throws {
        process.terminate()
        try await process.waitUntilExit()
        process.stop()
    }

    /// The error log's text.
    package var errorLog: String { folder.read("error.log") }

    /// `http://127.0.0.1:PORT` and a path.
    package func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }

    /// `https://localhost:PORT` and a path; the HTTP one without an HTTPS listener.
    package func tlsURL(_ path: String = "/") -> String {
        tlsPort.map { "https://localhost:\($0)\(path)" } ?? url(path)
    }
}
