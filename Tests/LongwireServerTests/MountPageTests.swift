import Foundation
import TestSupport
import Testing

@testable import LongwireServer

/// What somebody sees who opens the mount in a browser or with curl.
@Suite(.timeLimit(.minutes(2))) struct MountPageTests {
    private struct Named: InlineServlet {
        var summary: String { "<b>bold</b> & \"quoted\"" }
        func received(_ message: Message, in session: Session) {}
    }

    /// An answer's head and body.
    private static func get(
        _ server: TestServer, _ target: String, accept: String? = nil, host: String = "example.org"
    ) async throws -> (head: String, body: String) {
        var arguments = ["-s", "-i", "-H", "Host: \(host)", "http://127.0.0.1:\(server.port)\(target)"]
        if let accept { arguments += ["-H", "Accept: \(accept)"] }
        let parts = try await ManagedProcess.mustRun("curl", arguments).components(separatedBy: "\r\n\r\n")
        return (parts[0], parts.dropFirst().joined(separator: "\r\n\r\n"))
    }

    private static let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

    @Test func aBrowserGetsHTMLAndEverythingElseText() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet()), "a b/ü": .inline(Named())])
        let text = try await Self.get(server, "/longwire/")
        #expect(text.head.contains("Content-Type: text/plain; charset=utf-8"))
        #expect(
            text.body == """
                This is Longwire. Its servlets are reached with

                    longwire connect http://example.org/longwire/a%20b/%C3%BC    # <b>bold</b> & "quoted"
                    longwire connect http://example.org/longwire/echo    # sends every message back

                longwired \(ServerVersion.text)

                """)
        let html = try await Self.get(server, "/longwire", accept: Self.browser)
        #expect(html.head.contains("Content-Type: text/html; charset=utf-8"))
        for page in [text, html] {
            #expect(page.head.contains("Vary: Accept") && page.head.contains("Cache-Control: no-store"))
            #expect(page.head.contains("X-Content-Type-Options: nosniff"))
        }
        #expect(html.head.contains("Content-Security-Policy: default-src 'none'; style-src 'sha256-"))
        #expect(html.body.contains("<a href=\"http://example.org/longwire/a%20b/%C3%BC\">a b/ü</a>"), "\(html.body)")
        #expect(html.body.contains("&lt;b&gt;bold&lt;/b&gt; &amp; &quot;quoted&quot;"))
        #expect(html.body.contains("<pre>longwire connect http://example.org/longwire/echo</pre>"))
        #expect(html.body.contains("longwired \(ServerVersion.text)"))
        // Nothing from elsewhere, nothing that runs.
        for word in ["<script", "<link", "<img", "url(", "@import", "src="] { #expect(!html.body.contains(word)) }

        let servlet = try await Self.get(server, "/longwire/echo", accept: Self.browser)
        #expect(servlet.body.contains("<h1>echo</h1>") && servlet.body.contains("sends every message back"))
        let plain = try await Self.get(server, "/longwire/echo", accept: "*/*")
        #expect(plain.body.hasPrefix("The Longwire servlet \"echo\": sends every message back. Talk to it with"))
        let head = try await ManagedProcess.mustRun(
            "curl", ["-s", "-I", "-H", "Accept: text/html", "http://127.0.0.1:\(server.port)/longwire"])
        #expect(head.contains("Content-Type: text/html") && head.hasSuffix("\r\n\r\n"))
        try await server.stop()
    }

    @Test func theNameOfTheHostCannotBringMarkupAlong() async throws {
        let server = try await TestServer(["echo": .inline(EchoServlet())])
        let page = try await Self.get(
            server, "/longwire", accept: "text/html", host: "x\"><script>alert(1)</script>&'")
        #expect(!page.body.contains("<script>"), "\(page)")
        #expect(page.body.isEmpty || page.body.contains("x&quot;&gt;&lt;script&gt;"), "\(page)")
        try await server.stop()
    }

    @Test func theStyleIsTheOneThatThePolicyNames() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(PageHTML.style, to: "style")
        let hash = try await ManagedProcess.mustRun(
            "sh", ["-c", "openssl dgst -sha256 -binary \"$0\" | base64", path])
        #expect(hash == PageHTML.styleHash + "\n")
    }

    @Test func onlyWhoNamesHTMLGetsIt() {
        for accept in [Self.browser, "text/html", "TEXT/HTML;q=0.1", "text/plain, text/html ;level=1"] {
            #expect(MountPage.wantsHTML(accept), "\(accept)")
        }
        for accept in [nil, "", "*/*", "text/*", "text/plain", "text/html;q=0", "text/html; q=0.0"] {
            #expect(!MountPage.wantsHTML(accept), "\(accept ?? "")")
        }
    }
}
