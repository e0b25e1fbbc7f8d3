import Foundation
import NIOCore
import TestSupport
import Testing

@Suite struct FaultProxyTests {
    private func get(_ port: Int, _ options: [String] = []) async throws -> ManagedProcess.Result {
        try await ManagedProcess.run("curl", ["-sS", "--max-time", "10"] + options + ["http://127.0.0.1:\(port)/"])
    }

    @Test(arguments: ["as it comes", "buffers requests", "buffers responses", "HTTP/1.0"])
    func aPagePassesAndSoDoesTheNextOne(_ way: String) async throws {
        let nginx = try await NginxFixture(NginxFixture.Options(mounts: []))
        var behaviour = way == "HTTP/1.0" ? FaultBehaviour.http10 : FaultBehaviour()
        behaviour.buffersRequests = way == "buffers requests"
        behaviour.buffersResponses = way == "buffers responses"
        let proxy = try await FaultProxy(target: nginx.port, behaviour)
        for _ in 1...2 { #expect(try await get(proxy.port).output == NginxFixture.page) }
        #expect(try await proxy.requests == 2)
        try await eventually("two lines in the log") { nginx.accessLog().count == 2 }
        let version = way == "HTTP/1.0" ? "HTTP/1.0" : "HTTP/1.1"
        #expect(nginx.accessLog().map(\.version) == [version, version])
    }

    @Test func aBodyOfUnknownLengthIsRefusedWhereThatIsAskedFor() async throws {
        let nginx = try await NginxFixture(NginxFixture.Options(mounts: []))
        let proxy = try await FaultProxy(target: nginx.port, .http10)
        let chunked = ["-H", "Transfer-Encoding: chunked", "-d", "x", "-o", "/dev/null", "-w", "%{http_code}"]
        #expect(try await get(proxy.port, chunked).output == "411")
        #expect(nginx.accessLog().isEmpty)
    }

    @Test func aLineIsCutAtItsAge() async throws {
        let nginx = try await NginxFixture(NginxFixture.Options(mounts: []))
        let cutter = try await TCPCutter(target: nginx.port, cutsAfter: .milliseconds(50))
        #expect(try await get(cutter.port).output == NginxFixture.page)
        let telnet = try ManagedProcess("curl", ["-sS", "telnet://127.0.0.1:\(cutter.port)"], input: .pipe)
        try await telnet.waitUntilExit()
        #expect(try await cutter.faults >= 1)
    }
}
