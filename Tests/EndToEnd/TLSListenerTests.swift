#if TLS
    import Foundation
    import LongwireClient
    import TestSupport
    import Testing

    /// longwired's own HTTPS, and how the client knows it.
    @Suite("HTTPS without a web server", .serialized, .timeLimit(.minutes(4)))
    struct TLSListenerTests {
        private struct Site {
            let process: ManagedProcess
            let folder: TemporaryFolder
            let port: Int
            var url: String { "https://127.0.0.1:\(port)/longwire/who" }

            init(_ certificates: Certificates, _ flags: [String] = []) async throws {
                folder = try TemporaryFolder()
                port = try FreePort.next()
                process = try ManagedProcess(
                    try BuiltProducts.longwired,
                    [
                        "--https", "127.0.0.1:\(port)", "--https-certificate", certificates.certificate, "--https-key",
                        certificates.key, "--control", folder.path("control"),
                        "--servlet", "who=exec:sh -c 'echo $HTTPS $REMOTE_USER; cat'",
                    ] + flags)
                try await process.waitForLine(containing: "serving")
            }

            func client(_ flags: [String]) async throws -> ManagedProcess.Result {
                try await ManagedProcess.run(
                    try BuiltProducts.longwire, ["connect", "--no-proxy", url] + flags, input: "hello\n")
            }
        }

        /// `sha256/…` of the key in a certificate, as Docs/tls.md says to make it.
        private static func pin(_ certificate: String) async throws -> String {
            let command =
                "openssl x509 -in \(certificate) -pubkey -noout | openssl pkey -pubin -outform der "
                + "| openssl dgst -sha256 -binary | openssl base64"
            let text = try await ManagedProcess.mustRun("sh", ["-c", command])
            return "sha256/" + text.trimmingCharacters(in: .whitespacesAndNewlines)
        }

        @Test("Every transport of HTTP opens over it, and curl speaks HTTP/1.1 and HTTP/2 with it")
        func transports() async throws {
            let certificates = try await Certificates()
            let site = try await Site(certificates)
            for transport in ["duplex", "stream", "poll", "websocket"] {
                let result = try await site.client(["--ca", certificates.authority, "--transport", transport])
                #expect(result.output == "on\nhello\n", "\(transport): \(result.errors)")
            }
            for (flag, version) in [("--http1.1", "1.1"), ("--http2", "2")] {
                let answer = try await ManagedProcess.mustRun(
                    "curl",
                    [
                        "-s", "--noproxy", "*", "--cacert", certificates.authority, flag, "-o", "/dev/null", "-w",
                        "%{http_version} %{http_code}", site.url,
                    ])
                #expect(answer == "\(version) 200")
            }
            site.process.stop()
        }

        @Test("Who has a certificate is let in under its subject; who has none, or another's, is not")
        func clientCertificates() async throws {
            let certificates = try await Certificates()
            let ada = try await certificates.client("/O=Example/CN=ada")
            let others = try await Certificates()
            let stranger = try await others.client("/O=Example/CN=ada")
            let site = try await Site(
                certificates, ["--access", "certificate", "--https-clients", certificates.authority])
            let trust = ["--ca", certificates.authority]
            for transport in ["duplex", "stream", "poll", "websocket"] {
                let result = try await site.client(
                    trust + ["--cert", ada.certificate, "--key", ada.key, "--transport", transport])
                #expect(result.output == "on CN=ada,O=Example\nhello\n", "\(transport): \(result.errors)")
            }
            let none = try await site.client(trust)
            #expect(none.status == .exited(12))
            #expect(none.errors.contains("client certificate"), "\(none.errors)")
            let other = try await site.client(trust + ["--cert", stranger.certificate, "--key", stranger.key])
            #expect(other.status == .exited(4), "\(other.errors)")
            #expect(other.errors.contains("--cert FILE --key FILE"), "\(other.errors)")
            let unfit = try await site.client(trust + ["--cert", ada.certificate, "--key", stranger.key])
            #expect(unfit.status == .exited(4))
            #expect(unfit.errors.contains("does not fit the certificate"), "\(unfit.errors)")
            withExtendedLifetime(others) {}
            site.process.stop()
        }

        @Test("A pinned key is enough, also of a certificate that nobody vouches for; another key is refused")
        func pins() async throws {
            let certificates = try await Certificates()
            let site = try await Site(certificates)
            let pin = try await Self.pin(certificates.certificate)
            let others = try await Certificates()
            let result = try await site.client(["--pin", pin])
            #expect(result.output == "on\nhello\n", "\(result.errors)")
            let other = try await site.client(["--pin", try await Self.pin(others.certificate)])
            #expect(other.status == .exited(4))
            #expect(other.errors.contains("its key is \(pin), which is not pinned"), "\(other.errors)")
            let unknown = try await site.client([])
            #expect(unknown.status == .exited(4))
            #expect(unknown.errors.contains("nobody trusted here vouches for it"), "\(unknown.errors)")
            for flags in [
                ["--pin", "sha256/short"], ["--pin", pin, "--ca", certificates.authority], ["--cert", "x"],
            ] {
                #expect(try await site.client(flags).status == .exited(64))
            }
            site.process.stop()
        }

        @Test("What is wrong with a certificate is told, by connect and by probe")
        func sentences() async throws {
            let expired = try await Certificates(hasExpired: true)
            let other = try await Certificates(own: "DNS:example.test")
            for (certificates, sentence) in [(expired, "it expired on"), (other, "is for another name")] {
                let site = try await Site(certificates)
                for command in ["connect", "probe"] {
                    let result = try await ManagedProcess.run(
                        try BuiltProducts.longwire,
                        [command, "--no-proxy", "--ca", certificates.authority, site.url])
                    #expect(result.status == .exited(4), "\(command): \(result.output)\(result.errors)")
                    #expect(result.errors.contains(sentence), "\(command): \(result.errors)")
                }
                site.process.stop()
            }
        }

        @Test("SIGHUP brings a new certificate; open sessions go on")
        func reload() async throws {
            let certificates = try await Certificates()
            let next = try await Certificates()
            let site = try await Site(certificates)
            let open = try ManagedProcess(
                try BuiltProducts.longwire,
                ["connect", "--no-proxy", "--ca", certificates.authority, site.url], input: .pipe)
            try await open.write("one\n")
            try await eventually("it is answered") { open.output?.text.contains("one\n") == true }
            for (new, old) in [(next.certificate, certificates.certificate), (next.key, certificates.key)] {
                try Data(contentsOf: URL(fileURLWithPath: new)).write(to: URL(fileURLWithPath: old))
            }
            site.process.send(signal: SIGHUP)
            try await site.process.waitForLine(containing: "reloaded")
            #expect(try await site.client(["--ca", next.authority]).status == .exited(0))
            #expect(try await site.client(["--ca", certificates.authority]).status == .exited(4))
            try await open.write("two\n")
            try await eventually("it still is answered") { open.output?.text.contains("two\n") == true }
            open.closeInput()
            try await open.waitUntilExit()
            site.process.stop()
        }
    }
#endif
