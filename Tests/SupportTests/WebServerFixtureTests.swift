import Foundation
import TestSupport
import Testing

@Suite struct WebServerFixtureTests {
    private func get(_ url: String, _ options: [String] = []) async throws -> String {
        try await ManagedProcess.mustRun("curl", ["-sS", "--max-time", "10"] + options + [url])
    }

    @Test func nginxServesItsPageOverHTTPAndTLSAndLogsIt() async throws {
        var options = NginxFixture.Options(mounts: [.init(to: .tcp(port: try FreePort.next()))])
        options.certificates = try await Certificates()
        options.http2 = true
        options.workers = 2
        let nginx = try await NginxFixture(options)
        #expect(try await get(nginx.url()) == NginxFixture.page)
        let authority = try #require(options.certificates?.authority)
        #expect(try await get(nginx.tlsURL(), ["--http2", "--cacert", authority]) == NginxFixture.page)
        try await eventually("two lines in the log") { nginx.accessLog().count == 2 }
        #expect(nginx.accessLog().map(\.version) == ["HTTP/1.1", "HTTP/2.0"])
        #expect(nginx.accessLog().allSatisfy { $0.status == 200 && $0.uri == "/" && $0.bodyBytesSent == 27 })
        #expect(nginx.workerPids().count == 2)
    }

    @Test func aMountWithoutServerAnswers502AndTheRestGoesOn() async throws {
        let folder = try TemporaryFolder()
        let nginx = try await NginxFixture(
            .init(mounts: [
                .init(to: .tcp(port: try FreePort.next())), .init("/unix", to: .unix(path: folder.path("none.sock"))),
            ]))
        for path in ["/longwire/echo", "/unix/echo"] {
            #expect(try await get(nginx.url(path), ["-o", "/dev/null", "-w", "%{http_code}"]) == "502")
        }
        #expect(try await get(nginx.url()) == NginxFixture.page)
        try await eventually("one line of each mount") {
            nginx.accessLog(below: "/longwire").count == 1 && nginx.accessLog(below: "/unix").count == 1
        }
    }

    @Test func workersAreReplacedByReloadRestartAndSIGKILL() async throws {
        let nginx = try await NginxFixture(to: .tcp(port: try FreePort.next()))
        var seen = Set(nginx.workerPids())
        try await nginx.reload()
        #expect(seen.isDisjoint(with: nginx.workerPids()))
        seen.formUnion(nginx.workerPids())
        try await nginx.killWorkers()
        #expect(seen.isDisjoint(with: nginx.workerPids()))
        #expect(try await get(nginx.url()) == NginxFixture.page)
        try await nginx.stop()
        #expect(!Probe.accepts(port: nginx.port))
        try await nginx.start()
        #expect(try await get(nginx.url()) == NginxFixture.page)
    }

    @Test func droppingNginxLeavesNoProcess() async throws {
        var nginx: NginxFixture? = try await NginxFixture(to: .tcp(port: try FreePort.next()))
        let family = ProcessTable.family(of: try #require(nginx?.master.pid))
        #expect(family.count >= 2)
        nginx = nil
        try await eventually("all gone") {
            family.allSatisfy { ProcessTable.entry($0).map { $0.state == "Z" } ?? true }
        }
    }

    @Test func theShippedFilesAreUnderstoodByNginx() async throws {
        // The example as it is shipped, with only what a person fills in replaced: ports, certificate, places.
        let folder = try TemporaryFolder()
        let certificates = try await Certificates()
        for name in try FileManager.default.contentsOfDirectory(atPath: Repository.path("nginx")) {
            let bytes = FileManager.default.contents(atPath: Repository.path("nginx/\(name)")) ?? Data()
            var text = String(decoding: bytes, as: UTF8.self)
            for (old, new) in [
                ("listen 80;", "listen 127.0.0.1:\(try FreePort.next());"),
                ("listen 443 ", "listen 127.0.0.1:\(try FreePort.next()) "),
                ("/etc/ssl/certs/example.org.pem", certificates.certificate),
                ("/etc/ssl/private/example.org.key", certificates.key),
                ("/run/nginx-longwire.pid", folder.path("pid")), ("/var/log/nginx/longwire.log", folder.path("log")),
            ] { text = text.replacingOccurrences(of: old, with: new) }
            try folder.write(text, to: name)
        }
        let result = try await ManagedProcess.run(
            "nginx", ["-e", folder.path("errors"), "-t", "-p", folder.path, "-c", folder.path("example.conf")])
        #expect(result.status == .exited(0), "\(result.errors)")
    }

    @Test func lighttpdServesItsPage() async throws {
        let lighttpd = try await LighttpdFixture { _ in "" }
        #expect(try await get(lighttpd.url()) == NginxFixture.page)
    }
}
