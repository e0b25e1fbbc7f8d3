import Foundation
import LongwireClient
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// `longwire probe`, the program, over real ways.
@Suite(.serialized, .timeLimit(.minutes(4))) struct ProbeTests {
    private struct Report: Decodable {
        struct Line: Decodable {
            var transport: String
            var works: Bool
            var reason: String?
            var open: Double?
            var roundTrip: Double?
            var needsLength: Bool
            var cut: Cut?
        }
        struct Cut: Decodable {
            var after: Double
            var reason: String
        }
        var proxy: String?
        var tunnel: Bool
        var tls: String?
        var seen: [String]
        var transports: [Line]
        var chosen: String?
    }

    private func run(_ url: String, _ options: [String] = []) async throws -> ManagedProcess.Result {
        try await ManagedProcess.run(
            BuiltProducts.longwire, ["probe", url] + options,
            environment: ["http_proxy": nil, "all_proxy": nil, "HTTP_PROXY": nil, "ALL_PROXY": nil])
    }

    private func report(_ url: String, _ options: [String] = []) async throws -> Report {
        let result = try await run(url, options + ["--json"])
        #expect(result.status == .exited(0), "\(result.errors)")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Report.self, from: Data(result.output.utf8))
    }

    @Test("A free way lets everything pass, and the table fits a terminal")
    func free() async throws {
        let site = try await ProxySite()
        let found = try await report(site.url)
        // More transports may be tried than these, where they are offered.
        for transport in ["duplex", "stream", "poll"] {
            let line = try #require(found.transports.first { $0.transport == transport })
            #expect(line.works, "\(line.reason ?? "")")
            #expect(try #require(line.open) > 0)
            #expect(try #require(line.roundTrip) > 0)
            #expect(line.reason == nil && !line.needsLength && line.cut == nil)
        }
        #expect(found.chosen == "duplex")
        #expect(found.seen.contains { $0.hasPrefix("Server: nginx") })
        #expect(found.proxy == nil && found.tls == nil)
        let table = try await run(site.url).output
        #expect(table.split(separator: "\n").allSatisfy { $0.count <= 80 })
        #expect(table.contains("A session would use duplex"))
        try await site.stop()
    }

    #if TLS
        @Test("Over HTTPS the version of TLS is told")
        func https() async throws {
            let site = try await ProxySite()
            let found = try await report(site.tlsURL, ["--ca", site.certificates.authority])
            #expect(["1.2", "1.3"].contains(found.tls))
            #expect(found.chosen == "duplex")
            try await site.stop()
        }
    #endif

    @Test("A proxy that holds requests back is found and named")
    func holdsRequestsBack() async throws {
        let site = try await ProxySite()
        let proxy = try await ForwardProxy(.tinyproxy)
        let found = try await report(site.url, ["--proxy", proxy.url()])
        #expect(found.proxy == "127.0.0.1:\(proxy.port)")
        #expect(!found.tunnel)
        #expect(found.seen.contains { $0.hasPrefix("Via:") && $0.contains("tinyproxy") })
        let duplex = try #require(found.transports.first { $0.transport == "duplex" })
        #expect(!duplex.works)
        #expect(duplex.reason == "requests are held back until they are whole")
        #expect(found.chosen == "stream")
        let tunnel = try await report(site.url, ["--proxy", proxy.url(), "--proxy-tunnel"])
        #expect(tunnel.tunnel)
        #expect(tunnel.chosen == "duplex")
        proxy.stop()
        try await site.stop()
    }

    @Test("A proxy that takes a body of a declared length as it comes is found to")
    func declaredLength() async throws {
        let site = try await ProxySite()
        let proxy = try await ForwardProxy(.privoxy)
        let found = try await report(site.url, ["--proxy", proxy.url()])
        let duplex = try #require(found.transports.first { $0.transport == "duplex" })
        #expect(duplex.works && duplex.needsLength)
        proxy.stop()
        try await site.stop()
    }

    @Test("Idle lines that are cut are seen to be, with --long")
    func cuts() async throws {
        let site = try await ProxySite()
        let cutter = try await TCPCutter(target: site.nginx.port)
        let url = "http://127.0.0.1:\(cutter.port)/longwire/echo"
        async let probing = report(url, ["--long", "10m"])
        // One of duplex, two of stream and one of poll: no transport has so many by itself.
        try await eventually(within: .seconds(60), "idle lines") { try await cutter.openConnections >= 4 }
        var cuts: [String: String] = [:]
        // In this order: a line that comes back at once was not cut for long enough to matter.
        try await cutter.refuse(true)
        try await cutter.cut()
        let found = try await probing
        for line in found.transports { cuts[line.transport] = line.cut?.reason }
        #expect(cuts["duplex"]?.isEmpty == false)
        #expect(cuts["stream"]?.isEmpty == false)
        #expect(cuts["poll"]?.isEmpty == false)
        try await site.stop()
    }

    @Test("Where nothing works the exit code says so, and why is told")
    func nothing() async throws {
        let site = try await ProxySite()
        let foreign = try await run(site.nginx.url("/nothing"))
        #expect(foreign.status == .exited(2))
        #expect(foreign.output.contains("status 40"))
        let port = try FreePort.next()
        let dead = try await run("http://127.0.0.1:\(port)/longwire/echo")
        #expect(dead.status == .exited(2))
        #expect(dead.errors.contains("nobody listens"))
        let proxy = try await run(site.url, ["--proxy", "http://somebody:secret@127.0.0.1:\(port)"])
        #expect(proxy.status == .exited(2))
        #expect(proxy.errors.contains("the proxy 127.0.0.1:\(port)"))
        #expect(!proxy.errors.contains("secret"))
        #expect(try await run("ftp://x.test/").status == .exited(64))
        #expect(try await run(site.url, ["--proxy", "socks5://127.0.0.1:1"]).status == .exited(64))
        try await site.stop()
    }
}
