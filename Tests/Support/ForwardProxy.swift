import Foundation

/// A real forward proxy of the system, in the foreground, on a loopback port of its own.
package final class ForwardProxy: Sendable {
    /// The programs that there are.
    package enum Program: String, Sendable, CaseIterable {
        case squid, tinyproxy, privoxy
    }

    /// Who may use a proxy.
    package struct User: Sendable {
        package var name: String
        package var password: String

        package init(_ name: String, _ password: String) {
            self.name = name
            self.password = password
        }
    }

    /// The port it listens on.
    package let port: Int
    private let program: Program
    private let folder: TemporaryFolder
    private let process: ManagedProcess

    /// Starts a proxy and waits until it accepts connections.
    ///
    /// - Parameters:
    ///   - user: the only one it serves; nil for everybody. Privoxy knows no users.
    ///   - parent: the port of another proxy, to which it passes everything on.
    package init(_ program: Program, user: User? = nil, parent: Int? = nil) async throws {
        self.program = program
        let folder = try TemporaryFolder()
        self.folder = folder
        let port = try FreePort.next()
        self.port = port
        // Squid gives its rights up when it has them all, and writes its log then.
        chmod(folder.path, 0o777)
        switch program {
        case .squid:
            if let user {
                let hash = try await ManagedProcess.mustRun("openssl", ["passwd", "-apr1", user.password])
                try folder.write("\(user.name):\(hash)", to: "users")
            }
            let file = try folder.write(
                Self.squid(port: port, folder: folder.path, hasUser: user != nil, parent: parent), to: "squid.conf")
            process = try ManagedProcess("squid", ["-N", "-f", file])
        case .tinyproxy:
            let file = try folder.write(
                """
                Port \(port)
                Listen 127.0.0.1
                Timeout 600
                MaxClients 200
                LogFile "\(folder.path)/log"
                LogLevel Info
                \(user.map { "BasicAuth \($0.name) \($0.password)" } ?? "")
                \(parent.map { "Upstream http 127.0.0.1:\($0)" } ?? "")

                """, to: "tinyproxy.conf")
            process = try ManagedProcess("tinyproxy", ["-d", "-c", file])
        case .privoxy:
            let file = try folder.write(
                """
                listen-address 127.0.0.1:\(port)
                confdir /etc/privoxy
                debug 1
                max-client-connections 500
                \(parent.map { "forward / 127.0.0.1:\($0)" } ?? "")

                """, to: "privoxy.conf")
            process = try ManagedProcess("privoxy", ["--no-daemon", file])
        }
        let started = process
        try await eventually("\(program) accepts connections on \(port)") {
            guard started.isRunning else { throw TimedOut(description: "no \(program): \(started.report)") }
            return Probe.accepts(port: port)
        }
    }

    private static func squid(port: Int, folder: String, hasUser: Bool, parent: Int?) -> String {
        let users = """
            auth_param basic program /usr/lib/squid/basic_ncsa_auth \(folder)/users
            auth_param basic realm test
            acl users proxy_auth REQUIRED
            http_access allow users
            http_access deny all
            """
        return """
            http_port 127.0.0.1:\(port)
            visible_hostname squid.test
            pid_filename none
            access_log stdio:\(folder)/log
            cache_log /dev/null
            cache_store_log none
            cache deny all
            coredump_dir \(folder)
            pinger_enable off
            shutdown_lifetime 0 seconds
            \(hasUser ? users : "http_access allow all")
            \(parent.map { "cache_peer 127.0.0.1 parent \($0) 0 no-query default\nnever_direct allow all" } ?? "")

            """
    }

    /// Its URL, with a user where one is given.
    package func url(_ user: User? = nil) -> String {
        "http://" + (user.map { "\($0.name):\($0.password)@" } ?? "") + "127.0.0.1:\(port)"
    }

    /// What it has written down of requests; some do when these have ended.
    package var log: String { folder.read("log") + process.report }

    /// Ends it at once.
    package func stop() { process.stop() }
}
