#if TLS
    import FastCGI
    import LongwireClient
    import LongwireServer
    import NIOCore
    import NIOPosix
    import TestSupport
    import Testing

    @Suite("HTTPS to nginx", .serialized)
    struct TLSTests {
        /// A mount with an echo, served in this process behind an nginx with TLS.
        private static func serve(
            http2: Bool = false, _ body: (NginxFixture, Certificates) async throws -> Void
        ) async throws {
            let group = MultiThreadedEventLoopGroup.singleton
            let mount = try Mount(servlets: ["echo": .inline(EchoServlet())])
            let listener = try await mount.fastCGIServer().bind(to: .tcp(host: "127.0.0.1", port: 0), on: group)
            let port = try #require(listener.localAddress?.port)
            let certificates = try await Certificates()
            var options = NginxFixture.Options(mounts: [.init("/longwire", to: .tcp(port: port))])
            options.certificates = certificates
            options.http2 = http2
            let nginx = try await NginxFixture(options)
            try await body(nginx, certificates)
            try await nginx.stop()
            await listener.close()
        }

        // R: D8
        @Test(
            "A session opens, echoes and closes over HTTPS, by address and by name, also where the server offers HTTP/2",
            arguments: [false, true])
        func conversation(http2: Bool) async throws {
            try await Self.serve(http2: http2) { nginx, certificates in
                var configuration = ClientConfiguration()
                configuration.trustedCertificates = certificates.authority
                let url = nginx.tlsURL("/longwire/echo")
                for url in [url, url.replacing("127.0.0.1", with: "localhost")] {
                    let session = try await Longwire.connect(url, configuration: configuration)
                    try await session.send("over TLS")
                    var messages = session.messages.makeAsyncIterator()
                    #expect(try await messages.next()?.text == "over TLS")
                    #expect(await session.close().kind == .closed)
                }
            }
        }

        @Test("A certificate that nobody vouches for is refused, in a sentence")
        func untrusted() async throws {
            try await Self.serve { nginx, _ in
                do {
                    let session = try await Longwire.connect(nginx.tlsURL("/longwire/echo"))
                    Issue.record("connected, though the certificate is not trusted")
                    await session.close()
                } catch let error as ConnectError {
                    #expect(error.kind == .tls)
                    #expect(error.description.contains("is not trusted"))
                }
            }
        }

        @Test("A file of certificates that does not exist is named")
        func noSuchFile() async throws {
            var configuration = ClientConfiguration()
            configuration.trustedCertificates = "/nonexistent/ca.pem"
            let refused = await #expect(throws: ConnectError.self) {
                _ = try await Longwire.connect("https://127.0.0.1:1/longwire/echo", configuration: configuration)
            }
            #expect(refused?.kind == .tls)
            #expect(refused?.description.contains("/nonexistent/ca.pem") == true)
        }
    }
#endif
