import Foundation
import HTTPTypes
import Logging
import LongwireSession
import NIOCore
import TestSupport
import Testing

@testable import LongwireServer

/// The parts that access is made of.
@Suite struct AccessPartsTests {
    @Test func aTokenIsKnownByItsHashAlone() throws {
        let (ada, bob) = (AccessToken.random(), AccessToken.random())
        #expect(ada.text.count == 46 && ada.text != bob.text)
        let list = TokenList("# those who may\n\n\(ada.line(name: "ada"))\r\n  \(bob.line(name: "bob"))\n")
        #expect(list.complaints.isEmpty && list.count == 2)
        #expect(list.entry(of: ada.text)?.name == "ada")
        #expect(list.entry(of: bob.text)?.name == "bob")
        #expect(list.entry(of: ada.text + "x")?.name == nil)
        #expect(list.entry(of: "")?.name == nil)
        #expect(!ada.line(name: "ada").contains(ada.text))
    }

    @Test(arguments: [
        "ada", "ada sha256:00", "ada \(String(repeating: "0", count: 64))",
        "ada sha256:\(String(repeating: "g", count: 64))", "ada sha256:\(String(repeating: "0", count: 64)) more",
        "ada sha256:\(String(repeating: "0", count: 65))",
    ])
    func aLineThatIsNoTokenIsNamedByItsNumberAndLetsNobodyIn(_ line: String) {
        let list = TokenList("#\n\(line)\n")
        #expect(list.complaints.map(\.line) == [2])
        #expect(list.count == 0)
    }

    @Test func aFileOfTokensIsReadAgainAndFailsClosed() async throws {
        let folder = try TemporaryFolder()
        let (ada, bob) = (AccessToken.random(), AccessToken.random())
        let path = try folder.write(ada.line(name: "ada"), to: "tokens")
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let rule = try TokenAccess(file: path, logger: logger)
        func verdict(_ token: AccessToken) async -> AccessVerdict {
            var head = HTTPRequest(method: .get, scheme: "http", authority: nil, path: "/")
            head.headerFields[.authorization] = "Bearer \(token.text)"
            switch rule.judge(
                SessionRequest(servlet: "echo", principal: nil, remoteAddress: nil, head: head))
            {
            case .now(let verdict): return verdict
            case .later(let find): return await find()
            }
        }
        #expect(await verdict(ada) == .allowed(principal: "ada"))
        #expect(await verdict(bob) == .refused("the token is not known"))
        try folder.write(bob.line(name: "bob") + "\nwhat is this\n", to: "tokens")
        try await eventually("the new one is let in") { await verdict(bob) == .allowed(principal: "bob") }
        #expect(await verdict(ada) == .refused("the token is not known"))
        try FileManager.default.removeItem(atPath: path)
        try await eventually("nobody is let in") {
            await verdict(bob) == .unavailable("tokens cannot be checked now")
        }
        #expect(throws: ConfigurationError.self) { _ = try TokenAccess(file: path, logger: logger) }
        try folder.write("nonsense", to: "tokens")
        #expect(throws: ConfigurationError.self) { _ = try TokenAccess(file: path, logger: logger) }
    }

    @Test(arguments: [
        ("Bearer abc", "abc"), ("bearer  abc.d-e_f~+/==", "abc.d-e_f~+/=="), ("Basic abc", nil), ("Bearer", nil),
        ("Bearer ", nil), ("Bearer a b", nil), ("Bearer a,b", nil), ("Bearerabc", nil), ("Bearer é", nil),
    ])
    func aBearerTokenIsReadAsTheStandardHasIt(_ value: String, _ token: String?) {
        #expect(SessionRequest.bearerToken(in: value) == token)
    }

    @Test func failuresComeBackWithTimeAndAreForgottenWithinABound() {
        let limiter = FailureLimiter(burst: 3, perMinute: 60, capacity: 100)
        let start = NIODeadline.now()
        for _ in 1...3 { #expect(limiter.mayFail("192.0.2.1", now: start)) }
        #expect(!limiter.mayFail("192.0.2.1", now: start))
        #expect(limiter.mayFail("192.0.2.2", now: start))
        #expect(limiter.mayFail("192.0.2.1", now: start + .seconds(2)))
        // One network of IPv6 is one address.
        for host in 1...3 { #expect(limiter.mayFail("2001:db8::\(host)", now: start)) }
        #expect(!limiter.mayFail("2001:db8::4", now: start))
        #expect(limiter.mayFail("2001:db8:0:1::4", now: start))
        for number in 0..<10_000 { _ = limiter.mayFail("10.0.\(number / 256).\(number % 256)", now: start) }
        #expect(limiter.count <= 100)
    }

    @Test func roomForFailuresIsMadeForManyAtATime() {
        let limiter = FailureLimiter(burst: 3, perMinute: 60, capacity: 100)
        let start = NIODeadline.now()
        // One of them is forgiven already; looking for the next one at every failure would take ever so long.
        _ = limiter.mayFail("192.0.2.1", now: start - .seconds(2))
        for number in 1...100 { _ = limiter.mayFail("10.0.0.\(number)", now: start) }
        #expect(limiter.count <= 75)
    }

    @Test func aLoopbackListenerAnswersToTheNamesOfThisMachine() {
        let hosts = AllowedHosts([], host: "127.0.0.1", isLoopback: true)
        for name in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080", "[::1]", "localhost."] {
            #expect(hosts.admit(name), "\(name)")
        }
        for name in ["example.org", "localhost.example.org", "127.0.0.1.nip.io", "[::2]", "10.0.0.1"] {
            #expect(!hosts.admit(name), "\(name)")
        }
        #expect(hosts.admit(nil))
        #expect(AllowedHosts(["example.org"], host: "127.0.0.1", isLoopback: true).admit("Example.org:443"))
        #expect(AllowedHosts(["*"], host: "127.0.0.1", isLoopback: true).admit("anything"))
        #expect(AllowedHosts([], host: "0.0.0.0", isLoopback: false).admit("anything"))
        #expect(!AllowedHosts(["example.org"], host: "0.0.0.0", isLoopback: false).admit("localhost"))
        #expect(MountConfiguration.complaint(aboutHost: "a/b") != nil)
    }

    @Test func aListenerRefusesAnotherHostInASentence() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())], hosts: [])
        let connection = try await RawConnection(port: server.port)
        try await connection.send("GET /longwire/echo HTTP/1.1\r\nHost: rebound.example\r\n\r\n")
        let text = try await connection.waits(for: "}")
        #expect(text.hasPrefix("HTTP/1.1 421"))
        #expect(text.contains("rebound.example"))
        #expect(text.contains("listen.hosts"))
        try await server.stop()
    }
}
