import FastCGI
import LongwireClient
import LongwireServer
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// An echo behind nginx, over HTTP and HTTPS, and conversations with it.
final class ProxySite: Sendable {
    let nginx: NginxFixture
    let certificates: Certificates
    private let listener: FastCGIListener

    init() async throws {
        let mount = try Mount(servlets: ["echo": .inline(EchoServlet())])
        listener = try await mount.fastCGIServer().bind(
            to: .tcp(host: "127.0.0.1", port: 0), on: MultiThreadedEventLoopGroup.singleton)
        certificates = try await Certificates()
        var options = NginxFixture.Options(
            mounts: [.init("/longwire", to: .tcp(port: try #require(listener.localAddress?.port)))])
        options.certificates = certificates
        nginx = try await NginxFixture(options)
    }

    func stop() async throws {
        try await nginx.stop()
        await listener.close()
    }

    var url: String { nginx.url("/longwire/echo") }
    var tlsURL: String { nginx.tlsURL("/longwire/echo") }
    /// The server as proxies know it.
    var authority: String { "127.0.0.1:\(nginx.port)" }

    func configuration(_ proxy: String) -> ClientConfiguration {
        var configuration = ClientConfiguration()
        configuration.proxy = .url(proxy)
        configuration.trustedCertificates = certificates.authority
        return configuration
    }

    /// Connects without memory of what passed before.
    func connect(_ url: String, _ configuration: ClientConfiguration) async throws -> Session {
        try await Longwire(group: MultiThreadedEventLoopGroup.singleton).connect(url, configuration: configuration)
    }

    /// Connects, has `count` messages echoed, and closes.
    ///
    /// - Returns: the transport that carried the session at first.
    @discardableResult
    func converse(
        _ url: String, _ configuration: ClientConfiguration, count: Int = 200,
        then: @Sendable (Int) async throws -> Void = { _ in }
    ) async throws -> TransportKind? {
        let session = try await connect(url, configuration)
        let transport = await session.status.transport
        async let sending: Void = {
            for number in 1...count { try await session.send("message \(number)") }
        }()
        var messages = session.messages.makeAsyncIterator()
        for number in 1...count {
            #expect(try await messages.next()?.text == "message \(number)")
            try await then(number)
        }
        try await sending
        #expect(await session.close().kind == .closed)
        return transport
    }

    /// What should not have been possible was.
    struct ConnectedAnyhow: Error {}

    /// The error that connecting must end with.
    func refusal(_ url: String, _ configuration: ClientConfiguration) async throws -> ConnectError {
        do {
            let session = try await connect(url, configuration)
            session.abort(.done)
        } catch let error as ConnectError {
            return error
        }
        throw ConnectedAnyhow()
    }
}
