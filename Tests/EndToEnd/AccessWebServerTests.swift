#if TLS
    import Foundation
    import TestSupport
    import Testing

    /// Whom a real web server authenticated is who longwired lets in, with the lines that Docs/access.md shows.
    @Suite("Who the web server says it is", .serialized, .timeLimit(.minutes(4)))
    struct AccessWebServerTests {
        private static let basic = "Authorization: Basic YWRhOnNlY3JldA=="

        /// longwired that takes the web server's word by `rule`, at a FastCGI port.
        private static func daemon(_ rule: String, _ folder: TemporaryFolder) async throws -> (ManagedProcess, Int) {
            let port = try FreePort.next()
            let process = try ManagedProcess(
                try BuiltProducts.longwired,
                [
                    "--fastcgi", "127.0.0.1:\(port)", "--control", folder.path("control"), "--access", rule,
                    "--servlet", "who=exec:sh -c 'echo I am $REMOTE_USER; cat'",
                ])
            try await process.waitForLine(containing: "serving")
            return (process, port)
        }

        private static func client(_ url: String, _ flags: [String] = []) async throws -> ManagedProcess.Result {
            try await ManagedProcess.run(
                try BuiltProducts.longwire, ["connect", "--no-proxy", url] + flags, input: "hello\n")
        }

        /// ada's password is secret.
        private static func passwords(_ folder: TemporaryFolder) async throws -> String {
            let hash = try await ManagedProcess.mustRun("openssl", ["passwd", "-apr1", "secret"])
            let path = try folder.write("ada:\(hash)", to: "htpasswd")
            try FileManager.default.setAttributes([.posixPermissions: 0o711], ofItemAtPath: folder.path)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
            return path
        }

        @Test("nginx with auth_basic: its user is let in, and no header makes one")
        func nginxBasic() async throws {
            let folder = try TemporaryFolder()
            let (daemon, port) = try await Self.daemon("web-server", folder)
            let file = try await Self.passwords(folder)
            let nginx = try await NginxFixture(
                .init(mounts: [
                    .init(
                        to: .tcp(port: port),
                        directives: """
                            auth_basic           "Longwire";
                            auth_basic_user_file \(file);
                            fastcgi_param        REMOTE_USER $remote_user;
                            """),
                    .init("/open", to: .tcp(port: port)),
                ]))
            let ada = try await Self.client(nginx.url("/longwire/who"), ["--header", Self.basic])
            #expect(ada.output == "I am ada\nhello\n", "\(ada.errors)")
            #expect(try await Self.client(nginx.url("/longwire/who")).status == .exited(12))
            try await nginx.stop()
            daemon.stop()
        }

        @Test("nginx that says nothing of a user lets nobody in, whatever the client writes")
        func nginxOpen() async throws {
            let folder = try TemporaryFolder()
            let (daemon, port) = try await Self.daemon("web-server", folder)
            let nginx = try await NginxFixture(to: .tcp(port: port))
            let headers = [
                "Remote-User: ada", "REMOTE_USER: ada", "X-Remote-User: ada", Self.basic, "SSL-Client-Verify: SUCCESS",
            ]
            let result = try await Self.client(nginx.url("/longwire/who"), headers.flatMap { ["--header", $0] })
            #expect(result.status == .exited(12))
            #expect(result.errors.contains("403"), "\(result.errors)")
            try await nginx.stop()
            daemon.stop()
        }

        @Test("nginx with client certificates: who has one is let in under its subject")
        func nginxCertificates() async throws {
            try await Self.certificates { port, certificates in
                var options = NginxFixture.Options(mounts: [
                    .init(
                        to: .tcp(port: port),
                        directives: """
                            fastcgi_param SSL_CLIENT_VERIFY $ssl_client_verify;
                            fastcgi_param SSL_CLIENT_S_DN   $ssl_client_s_dn;
                            """)
                ])
                options.certificates = certificates
                options.serverDirectives =
                    "ssl_client_certificate \(certificates.authority); ssl_verify_client optional;"
                let nginx = try await NginxFixture(options)
                return (nginx.tlsURL("/longwire/who"), nginx.stop)
            }
        }

        @Test("Apache with client certificates: who has one is let in under its subject")
        func apacheCertificates() async throws {
            try await Self.certificates { port, certificates in
                let apache = try await ApacheFixture(
                    .fastCGI(port: port), certificates: certificates,
                    directives: """
                        SSLCACertificateFile \(certificates.authority)
                        SSLVerifyClient optional
                        SSLOptions +StdEnvVars
                        """)
                return (apache.tlsURL("/longwire/who"), apache.stop)
            }
        }

        /// Who has a certificate that the authority signed is let in; who has none, or another's, is not.
        ///
        /// - Parameter start: starts a web server before longwired's port: the servlet's URL, and what stops it.
        private static func certificates(
            _ start: (Int, Certificates) async throws -> (url: String, stop: () async throws -> Void)
        ) async throws {
            let folder = try TemporaryFolder()
            let (daemon, port) = try await daemon("certificate", folder)
            let certificates = try await Certificates()
            let ada = try await certificates.client("/O=Example/CN=ada")
            let others = try await Certificates()
            let stranger = try await others.client("/O=Example/CN=ada")
            let (url, stop) = try await start(port, certificates)
            let trust = ["--ca", certificates.authority]
            let result = try await client(url, trust + ["--cert", ada.certificate, "--key", ada.key])
            #expect(result.output == "I am CN=ada,O=Example\nhello\n", "\(result.errors)")
            #expect(try await client(url, trust).status == .exited(12))
            // What a client writes is no certificate.
            let fields = ["SSL-Client-Verify: SUCCESS", "SSL-Client-S-DN: CN=ada,O=Example"]
            #expect(try await client(url, trust + fields.flatMap { ["--header", $0] }).status == .exited(12))
            let other = try await client(url, trust + ["--cert", stranger.certificate, "--key", stranger.key])
            #expect(other.status != .exited(0) && !other.errors.contains("cannot read"), "\(other.errors)")
            withExtendedLifetime(others) {}
            try await stop()
            daemon.stop()
        }

        @Test("Apache with AuthType Basic: its user is let in")
        func apacheBasic() async throws {
            let folder = try TemporaryFolder()
            let (daemon, port) = try await Self.daemon("web-server", folder)
            let file = try await Self.passwords(folder)
            let apache = try await ApacheFixture(
                .fastCGI(port: port), modules: ["authn_core", "authn_file", "auth_basic", "authz_user"],
                directives: """
                    <Location "/longwire/">
                        AuthType Basic
                        AuthName "Longwire"
                        AuthUserFile \(file)
                        Require valid-user
                    </Location>
                    """)
            let ada = try await Self.client(apache.url("/longwire/who"), ["--header", Self.basic])
            #expect(ada.output == "I am ada\nhello\n", "\(ada.errors)\(apache.errorLog)")
            #expect(try await Self.client(apache.url("/longwire/who")).status == .exited(12))
            try await apache.stop()
            daemon.stop()
        }
    }
#endif
