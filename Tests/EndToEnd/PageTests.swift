import TestSupport
import Testing

/// The page at the mount, through nginx and without.
@Suite struct PageTests {
    // R: D1, D10
    @Test func aBrowserGetsAPageThatRunsNothingAndOthersGetText() async throws {
        let site = try await BadInputSite()
        for port in site.ports {
            for target in ["/longwire/", "/longwire/echo"] {
                let page = try await BadInputHTTP.exchange(
                    port: port, "GET", target, fields: ["Accept: text/html,*/*;q=0.8"], host: "example.org")
                #expect(page.status == 200, "\(page)")
                #expect(page.field("Content-Type") == "text/html; charset=utf-8", "\(page)")
                #expect(page.field("Content-Security-Policy")?.hasPrefix("default-src 'none'; ") == true, "\(page)")
                #expect(page.description.contains("<pre>longwire connect http://example.org/longwire/echo</pre>"))
                let text = try await BadInputHTTP.exchange(port: port, "GET", target, host: "example.org")
                #expect(text.field("Content-Type") == "text/plain; charset=utf-8", "\(text)")
                #expect(text.description.contains("    longwire connect http://example.org/longwire/echo"), "\(text)")
            }
        }
        try await site.expectUndisturbed()
    }
}
