import Testing

@testable import LongwireClient

/// URLs as people write them.
@Suite struct EndpointTests {
    @Test(arguments: [
        "http://ada:a-secret-word@example.org/longwire/echo", "ftp://ada:a-secret-word@example.org/",
        "http://ada:a-secret-word@example.org:99999/", "http://ada:a-secret-word@/ x", "ada:a-secret-word@example.org",
    ])
    func whatIsWrongWithAURLIsSaidWithoutItsPassword(_ url: String) {
        let error = #expect(throws: ConnectError.self) { _ = try Endpoint(url) }
        #expect(error?.kind == .invalidURL)
        #expect(error?.description.contains("a-secret-word") == false, "\(error?.description ?? "")")
        #expect(error?.description.contains("write a URL such as") == true)
    }

    @Test func aURLWithoutASecretIsShown() {
        let error = #expect(throws: ConnectError.self) { _ = try Endpoint("gopher://example.org/longwire/echo") }
        #expect(error?.description.contains("gopher://example.org/longwire/echo") == true)
    }
}
