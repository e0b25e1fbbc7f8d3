import Foundation
import LongwireServer
import TestSupport
import Testing

@testable import LongwireServer

/// Whom browsers may bring: pages of the same host, and those that are configured.
@Suite(.timeLimit(.minutes(1))) struct OriginTests {
    private func status(_ server: TestServer, _ line: String, _ fields: [String]) async throws -> String {
        String(try await RawConnection.answer(port: server.port, line, fields).dropFirst(9).prefix(3))
    }

    // R: D6
    @Test func pagesOfTheSameHostPassAndOthersAreRefusedOnEveryTransaction() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet()), "room": .inline(ChatServlet())])
        for line in [
            "GET /longwire/", "GET /longwire/echo", "GET /longwire/longwire.js", "POST /longwire/echo",
            "DELETE /longwire/echo", "OPTIONS /longwire/echo", "GET /longwire/nothing",
        ] {
            for origin in ["http://evil.example", "http://localhost:81", "http://localhost.evil.example", "null", "x"] {
                #expect(try await status(server, line, ["Origin: \(origin)"]) == "403", "\(line) from \(origin)")
            }
            for fields in [[], ["Origin: http://localhost"], ["Origin: https://LOCALHOST:443"]] {
                #expect(try await status(server, line, fields) != "403", "\(line) with \(fields)")
            }
        }
        // A page may fetch without an origin where it cannot read the answer; who follows a link is no page.
        for site in ["cross-site", "same-site"] {
            let fetched = ["Accept: text/event-stream", "Sec-Fetch-Site: \(site)", "Sec-Fetch-Mode: no-cors"]
            #expect(try await status(server, "GET /longwire/echo", fetched) == "403")
            let led = ["Sec-Fetch-Site: \(site)", "Sec-Fetch-Mode: navigate"]
            #expect(try await status(server, "GET /longwire/", led) == "200")
        }
        let answer = try await RawConnection.answer(
            port: server.port, "GET /longwire/echo", ["Origin: http://evil.example"])
        #expect(answer.contains("application/problem+json"))
        #expect(answer.contains("Pages of http://evil.example may not use this server"))
        #expect(!answer.lowercased().contains("access-control"))
        try await server.stop()
    }

    // R: D6
    @Test func configuredOriginsGetCORSAndNobodyElseDoes() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())]) {
            $0.allowedOrigins = ["https://app.example:8443", "null"]
        }
        let fields = ["Origin: https://app.example:8443"]
        let asked = try await RawConnection.answer(
            port: server.port, "OPTIONS /longwire/echo",
            fields + ["Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type"])
        #expect(asked.hasPrefix("HTTP/1.1 204"))
        for field in [
            "Access-Control-Allow-Origin: https://app.example:8443", "Access-Control-Allow-Credentials: true",
            "Access-Control-Allow-Methods: GET, HEAD, POST, DELETE", "Content-Type, Incremental", "Longwire-Open",
            "Access-Control-Max-Age: 7200", "Vary: Origin",
        ] {
            #expect(asked.contains(field), "\(field) in \(asked)")
        }
        let read = try await RawConnection.answer(port: server.port, "GET /longwire/longwire.js", fields)
        #expect(read.contains("Access-Control-Allow-Origin: https://app.example:8443"))
        let own = try await RawConnection.answer(port: server.port, "GET /longwire/longwire.js")
        #expect(!own.contains("Access-Control") && own.contains("Vary: Origin"))
        let file = try await RawConnection.answer(port: server.port, "GET /longwire/longwire.js", ["Origin: null"])
        #expect(file.contains("Access-Control-Allow-Origin: null") && !file.contains("Credentials"))
        #expect(try await status(server, "GET /longwire/echo", ["Origin: http://app.example:8443"]) == "403")
        try await server.stop()
    }

    // R: D6
    @Test func everyOriginMayBeLetInButNotWithCredentials() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())]) { $0.allowedOrigins = ["*"] }
        let read = try await RawConnection.answer(
            port: server.port, "GET /longwire/echo", ["Origin: http://any.example"])
        #expect(read.contains("Access-Control-Allow-Origin: *") && !read.contains("Credentials"))
        try await server.stop()
    }

    @Test(arguments: [
        "example.org", "https://", "https://example.org/", "https://a.b, https://c.d", "https://*.a.b", "",
    ])
    func whatIsNoOriginIsRefusedAtTheStart(_ origin: String) {
        var configuration = MountConfiguration()
        configuration.allowedOrigins = [origin]
        #expect(throws: ConfigurationError.self) { try configuration.validate() }
        #expect(MountConfiguration.complaint(aboutOrigin: origin)?.contains("write one such as") == true)
    }

    // R: D6
    @Test func theModuleIsServedWithItsTypesAndAskedForAgainOnlyWhenItChanged() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let module = try await RawConnection.answer(port: server.port, "GET /longwire/longwire.js")
        #expect(module.contains("Content-Type: text/javascript; charset=utf-8"))
        #expect(module.contains("export async function connect(url"))
        let types = try await RawConnection.answer(port: server.port, "GET /longwire/longwire.d.ts")
        #expect(types.contains("export function connect(url: string | URL, options?: Options): Promise<Session>;"))
        let tag = try #require(module.split(separator: "\r\n").first { $0.hasPrefix("ETag: ") }).dropFirst(6)
        for known in ["\(tag)", "W/\(tag)", "\"other\", \(tag)"] {
            let again = try await RawConnection.answer(
                port: server.port, "GET /longwire/longwire.js", ["If-None-Match: \(known)"])
            #expect(again.hasPrefix("HTTP/1.1 304") && !again.contains("export"), "\(known)")
        }
        #expect(try await status(server, "GET /longwire/longwire.js", ["If-None-Match: \"other\""]) == "200")
        #expect(try await status(server, "POST /longwire/longwire.js", []) == "405")
        #expect(throws: ConfigurationError.self) { try Mount(servlets: ["longwire.js": .inline(EchoServlet())]) }
        try await server.stop()
    }

    // R: D6
    @Test func aServletsPageHasANonceOfItsOwnEachTimeAndMayLoadNothingFromElsewhere() async throws {
        let server = try await TestServer(["room": .inline(ChatServlet())])
        let html = ["Accept: text/html,*/*"]
        let page = try await RawConnection.answer(port: server.port, "GET /longwire/room", html)
        #expect(page.contains("Content-Type: text/html; charset=utf-8"))
        #expect(page.contains("data-mount=\"/longwire\"") && !page.contains("@NONCE@"))
        let nonce = { (text: String) in text.components(separatedBy: "'nonce-")[1].prefix { $0 != "'" } }
        #expect(page.contains("<script type=\"module\" nonce=\"\(nonce(page))\">"))
        let policy = try #require(page.split(separator: "\r\n").first { $0.hasPrefix("Content-Security-Policy") })
        #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("http"))
        let other = try await RawConnection.answer(port: server.port, "GET /longwire/room", html)
        #expect(nonce(page) != nonce(other))
        #expect(!(try await RawConnection.answer(port: server.port, "GET /longwire/room")).contains("<html"))
        #expect(!(try await RawConnection.answer(port: server.port, "HEAD /longwire/room", html)).contains("<html"))
        try await server.stop()
    }
}
