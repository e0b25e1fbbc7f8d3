#if TLS
    import Foundation
    import LongwireClient
    import LongwireServer
    import NIOCore
    import NIOPosix
    import TestSupport
    import Testing

    /// Bare TCP from an https URL: only with TLS, and only with a certificate for the URL's name.
    @Suite("Direct TCP and TLS", .serialized, .timeLimit(.minutes(2)))
    struct SecureTCPTests {
        /// What stands at the port of bare TCP.
        enum Listener: CaseIterable { case trusted, untrusted, clear }

        // R: B7, D8
        @Test(
            "From an https URL a session moves to TCP with a trusted certificate, and nowhere else",
            arguments: Listener.allCases)
        func fromHTTPS(_ listener: Listener) async throws {
            let site = try await PathSite()
            let group = MultiThreadedEventLoopGroup.singleton
            let certificates = try await Certificates()
            let others = try await Certificates()
            let shown: Certificates? =
                switch listener {
                case .trusted: certificates
                case .untrusted: others
                case .clear: nil
                }
            let tcp = try await TCPListener.bind(
                host: "127.0.0.1", port: 0, mount: site.mount, on: group,
                certificate: try shown.map { try ListenerCertificate(certificate: $0.certificate, key: $0.key) },
                offer: .nothing)
            var options = NginxFixture.Options(mounts: [.init(to: .tcp(port: site.fastCGIPort))])
            options.certificates = certificates
            let nginx = try await NginxFixture(options)
            var configuration = ClientConfiguration()
            configuration.proxy = .none
            configuration.trustedCertificates = certificates.authority
            configuration.directTCP = DirectTCP(port: try #require(tcp.localAddress?.port))
            let session = try await Longwire(group: group).connect(
                nginx.tlsURL("/longwire/echo"), configuration: configuration)
            #expect(await session.status.transport == (listener == .trusted ? .tcp : .duplex))
            for number in 1...100 { try await session.send("\(number)") }
            var messages = session.messages.makeAsyncIterator()
            for number in 1...100 { #expect(try await messages.next()?.text == "\(number)") }
            #expect(await session.close().kind == .closed)
            await tcp.stopAccepting()
            try await nginx.stop()
            await site.stop()
        }

        @Test("longwired serves TLS and clear at one port, offers both, and says which file is wrong")
        func daemon() async throws {
            let certificates = try await Certificates()
            let tcp = try FreePort.next()
            let flags = [
                "--tcp", "127.0.0.1:\(tcp)", "--tcp-certificate", certificates.certificate, "--tcp-key",
                certificates.key,
            ]
            let daemon = try await FlowDaemon(flags)
            var options = NginxFixture.Options(mounts: [.init(to: .tcp(port: daemon.fastCGIPort))])
            options.certificates = certificates
            let nginx = try await NginxFixture(options)
            for url in [nginx.tlsURL("/longwire/echo"), nginx.url("/longwire/echo")] {
                var configuration = ClientConfiguration()
                configuration.proxy = .none
                configuration.trustedCertificates = certificates.authority
                let session = try await Longwire(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(url, configuration: configuration)
                try await eventually("it has moved to TCP") { await session.status.transport == .tcp }
                try await session.send("still there?")
                var messages = session.messages.makeAsyncIterator()
                #expect(try await messages.next()?.text == "still there?")
                #expect(await session.close().kind == .closed)
            }
            // The files are another certificate now, which the client has no reason to trust.
            let others = try await Certificates()
            for (new, old) in [(others.certificate, certificates.certificate), (others.key, certificates.key)] {
                try Data(contentsOf: URL(fileURLWithPath: new)).write(to: URL(fileURLWithPath: old))
            }
            var configuration = ClientConfiguration()
            configuration.proxy = .none
            configuration.trustedCertificates = certificates.authority
            configuration.directTCP = DirectTCP(port: tcp)
            for (isReloaded, transport) in [(false, TransportKind.tcp), (true, .duplex)] {
                if isReloaded {
                    daemon.process.send(signal: SIGHUP)
                    try await daemon.process.waitForLine(containing: "reloaded")
                }
                let session = try await Longwire(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(nginx.tlsURL("/longwire/echo"), configuration: configuration)
                #expect(await session.status.transport == transport)
                await session.close()
            }
            try await nginx.stop()
            try await daemon.stop()
            let cases: [([String], String)] = [
                (["--tcp-key", certificates.key], "name the other one too"),
                (
                    ["--tcp-certificate", "/nonexistent.pem", "--tcp-key", certificates.key],
                    "cannot read certificates from /nonexistent.pem"
                ),
                (
                    ["--tcp-certificate", certificates.certificate, "--tcp-key", certificates.authority],
                    "cannot read a private key from"
                ),
            ]
            for (flags, sentence) in cases {
                for command in [["check-config"], []] {
                    let result = try await ManagedProcess.run(
                        BuiltProducts.longwired, command + flags + ["--tcp", "127.0.0.1:\(tcp)"])
                    #expect(result.status == .exited(64), "\(result.errors)")
                    #expect(result.errors.contains(sentence), "\(result.errors)")
                }
            }
        }
    }
#endif
