extension NginxFixture {
    /// Where a mount's requests go.
    package enum Upstream: Sendable {
        /// A FastCGI server on a loopback port.
        case tcp(port: Int)
        /// A FastCGI server on a unix socket.
        case unix(path: String)

        var address: String {
            switch self {
            case .tcp(let port): "127.0.0.1:\(port)"
            case .unix(let path): "unix:\(path)"
            }
        }
    }

    /// A path below which requests go to a FastCGI server.
    package struct Mount: Sendable {
        /// With a slash in front and none behind.
        package var path: String
        /// The server.
        package var upstream: Upstream
        /// Directives put after the shipped ones.
        package var directives: String

        package init(_ path: String = "/longwire", to upstream: Upstream, directives: String = "") {
            self.path = path
            self.upstream = upstream
            self.directives = directives
        }
    }

    /// What an nginx under test shall be like.
    package struct Options: Sendable {
        /// The mounts, each with the shipped location file.
        package var mounts: [Mount]
        /// How many workers.
        package var workers = 1
        /// Connections a worker may have; a transaction takes two.
        package var workerConnections = 16_384
        /// The certificate and key of a second, HTTPS listener; nil for none.
        package var certificates: Certificates?
        /// Whether the HTTPS listener offers HTTP/2.
        package var http2 = false
        /// How long old workers keep open transactions after a reload, as nginx writes it; nil for ever.
        package var workerShutdownTimeout: String?
        /// Further directives at the top of the file.
        package var mainDirectives = ""
        /// Further directives inside `http {}`.
        package var httpDirectives = ""
        /// Further directives inside each `server {}`, such as locations.
        package var serverDirectives = ""

        package init(mounts: [Mount]) { self.mounts = mounts }
    }

    /// The whole configuration; the shipped files lie in the same folder.
    static func configuration(_ options: Options, folder: String, port: Int, tlsPort: Int?, root: Bool, files: Int)
        -> String
    {
        let upstreams = options.mounts.enumerated().map { index, mount in
            "    upstream mount\(index) { server \(mount.upstream.address); }"
        }
        let locations = options.mounts.enumerated().map { index, mount in
            """
                    location ^~ \(mount.path)/ {
                        fastcgi_pass mount\(index);
                        include longwire-location.conf;
                        \(mount.directives)
                    }
            """
        }
        func server(_ head: String) -> String {
            """
                server {
                    \(head)
                    root \(folder)/site;
            \(locations.joined(separator: "\n"))
                    \(options.serverDirectives)
                }
            """
        }
        var servers = [server("listen 127.0.0.1:\(port) backlog=4096;")]
        if let tlsPort, let certificates = options.certificates {
            servers.append(
                server(
                    "listen 127.0.0.1:\(tlsPort) ssl\(options.http2 ? " http2" : "") backlog=4096; "
                        + "ssl_certificate \(certificates.certificate); ssl_certificate_key \(certificates.key);"))
        }
        return """
            \(root ? "user root;" : "")
            daemon off;
            worker_processes \(options.workers);
            worker_rlimit_nofile \(files);
            pid \(folder)/nginx.pid;
            error_log \(folder)/error.log info;
            \(options.workerShutdownTimeout.map { "worker_shutdown_timeout \($0);" } ?? "")
            \(options.mainDirectives)
            events { worker_connections \(options.workerConnections); }
            http {
                client_body_temp_path \(folder)/body;
                fastcgi_temp_path \(folder)/fastcgi;
                proxy_temp_path \(folder)/proxy;
                uwsgi_temp_path \(folder)/uwsgi;
                scgi_temp_path \(folder)/scgi;
                log_format test '\(AccessLogEntry.format)';
                access_log \(folder)/access.log test;
            \(upstreams.joined(separator: "\n"))
                \(options.httpDirectives)
            \(servers.joined(separator: "\n"))
            }

            """
    }
}
