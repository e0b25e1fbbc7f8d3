import LongwireClient
import NIOCore
import NIOPosix
import TestSupport
import Testing

@Suite("Forward proxies", .serialized, .timeLimit(.minutes(5)))
struct ProxyTests {
    /// How a proxy is asked.
    enum Way: String, CaseIterable {
        case forward, tunnel, https

        /// Those that can be built.
        static var allCases: [Way] {
            #if TLS
                [.forward, .tunnel, .https]
            #else
                [.forward, .tunnel]
            #endif
        }

        /// What the proxy writes down of it; it sees nothing of what a tunnel carries.
        func note(_ site: ProxySite) -> String {
            self == .forward ? "/longwire/echo" : ":\((self == .https ? site.nginx.tlsPort : nil) ?? site.nginx.port)"
        }
    }

    // R: C1
    @Test(
        "A session goes by squid, tinyproxy and privoxy, forwarded, in a tunnel, and over HTTPS",
        arguments: ForwardProxy.Program.allCases, Way.allCases)
    func everyProxy(_ program: ForwardProxy.Program, _ way: Way) async throws {
        let site = try await ProxySite()
        let proxy = try await ForwardProxy(program)
        var configuration = site.configuration(proxy.url())
        configuration.proxyTunnel = way == .tunnel
        let transport = try await site.converse(way == .https ? site.tlsURL : site.url, configuration)
        // In a tunnel every proxy is harmless.
        if way != .forward || program == .squid { #expect(transport == .duplex) }
        try await eventually("\(program) notes the request") { proxy.log.contains(way.note(site)) }
        proxy.stop()
        try await site.stop()
    }

    @Test(
        "A session goes by two proxies in a row",
        arguments: [(.squid, .tinyproxy), (.tinyproxy, .squid), (.privoxy, .squid)]
            as [(ForwardProxy.Program, ForwardProxy.Program)], Way.allCases.filter { $0 != .tunnel })
    func twoInARow(_ programs: (ForwardProxy.Program, ForwardProxy.Program), _ way: Way) async throws {
        let site = try await ProxySite()
        let second = try await ForwardProxy(programs.1)
        let first = try await ForwardProxy(programs.0, parent: second.port)
        try await site.converse(way == .https ? site.tlsURL : site.url, site.configuration(first.url()))
        try await eventually("both note the request") {
            first.log.contains(way.note(site)) && second.log.contains(way.note(site))
        }
        first.stop()
        second.stop()
        try await site.stop()
    }

    @Test(
        "A proxy that asks for a password gets it, and only the proxy does",
        arguments: [ForwardProxy.Program.squid, .tinyproxy], Way.allCases)
    func password(_ program: ForwardProxy.Program, _ way: Way) async throws {
        let site = try await ProxySite()
        let user = ForwardProxy.User("somebody", "secret")
        let proxy = try await ForwardProxy(program, user: user)
        let url = way == .https ? site.tlsURL : site.url
        var configuration = site.configuration(proxy.url(user))
        configuration.proxyTunnel = way == .tunnel
        try await site.converse(url, configuration)

        for wrong in [nil, ForwardProxy.User("somebody", "wrong-word")] {
            var configuration = site.configuration(proxy.url(wrong))
            configuration.proxyTunnel = way == .tunnel
            let error = try await site.refusal(url, configuration)
            #expect(error.kind == .proxy(.authentication))
            #expect(error.description.contains("127.0.0.1:\(proxy.port)"))
            #expect(error.description.contains(way == .https ? "localhost:" : site.authority))
            #expect(!error.description.contains("wrong-word"))
        }
        proxy.stop()
        try await site.stop()
    }

    @Test("A proxy that is not there, or whose name is not known, is named", arguments: Way.allCases)
    func dead(_ way: Way) async throws {
        let site = try await ProxySite()
        let url = way == .https ? site.tlsURL : site.url
        let port = try FreePort.next()
        var configuration = site.configuration("http://somebody:secret@127.0.0.1:\(port)")
        configuration.proxyTunnel = way == .tunnel
        let refused = try await site.refusal(url, configuration)
        #expect(refused.kind == .proxy(.refused))
        #expect(refused.description.contains("proxy 127.0.0.1:\(port)"))
        #expect(!refused.description.contains("secret"))
        configuration.proxy = .url("http://somebody:secret@no-proxy.invalid:3128")
        let unknown = try await site.refusal(url, configuration)
        #expect(unknown.kind == .proxy(.nameNotFound))
        #expect(unknown.description.contains("no-proxy.invalid:3128"))
        #expect(!unknown.description.contains("secret"))
        try await site.stop()
    }

    @Test(
        "A proxy that cannot reach the server is told from the server",
        arguments: ForwardProxy.Program.allCases, [Way.forward, .tunnel])
    func cannotReach(_ program: ForwardProxy.Program, _ way: Way) async throws {
        let site = try await ProxySite()
        let proxy = try await ForwardProxy(program)
        let port = try FreePort.next()
        var configuration = site.configuration(proxy.url())
        configuration.proxyTunnel = way == .tunnel
        let error = try await site.refusal("http://127.0.0.1:\(port)/longwire/echo", configuration)
        #expect([.proxy(.status(500)), .proxy(.status(502)), .proxy(.status(503))].contains(error.kind))
        #expect(error.description.contains("proxy 127.0.0.1:\(proxy.port)"))
        #expect(error.description.contains("127.0.0.1:\(port)"))
        // The server's own answers stay the server's.
        let missing = try await site.refusal(site.nginx.url("/nothing"), configuration)
        #expect(missing.kind == .status(404) || missing.kind == .status(405))
        proxy.stop()
        try await site.stop()
    }

    #if TLS
        @Test("A certificate behind a proxy is checked, for the server's name")
        func certificate() async throws {
            let site = try await ProxySite()
            let proxy = try await ForwardProxy(.tinyproxy)
            var configuration = site.configuration(proxy.url())
            configuration.trustedCertificates = nil
            let error = try await site.refusal(site.tlsURL, configuration)
            #expect(error.kind == .tls)
            #expect(error.description.contains("127.0.0.1:\(proxy.port)"))
            #expect(error.description.contains("localhost:"))
            proxy.stop()
            try await site.stop()
        }
    #endif

    @Test("A line through a proxy may break: nothing is lost", arguments: [Way.forward, .tunnel])
    func breaks(_ way: Way) async throws {
        let site = try await ProxySite()
        let proxy = try await ForwardProxy(.squid)
        let cutter = try await TCPCutter(target: proxy.port)
        var configuration = site.configuration("http://127.0.0.1:\(cutter.port)")
        configuration.proxyTunnel = way == .tunnel
        try await site.converse(site.url, configuration, count: 1_000) { number in
            if number % 200 == 0 { try await cutter.cut() }
        }
        proxy.stop()
        try await site.stop()
    }

    // R: C2
    @Test(
        "A proxy of HTTP/1.0 closes after each response: stream and poll go by it, and are found",
        arguments: [[.stream], [.poll], [.duplex, .stream, .poll]] as [[TransportKind]])
    func old(_ transports: [TransportKind]) async throws {
        let site = try await ProxySite()
        let proxy = try await OldProxy()
        var configuration = site.configuration(proxy.url)
        configuration.transports = transports
        let transport = try await site.converse(site.url, configuration)
        #expect(transport == transports.first { $0 != .duplex })
        try await proxy.stop()
        try await site.stop()
    }
}
