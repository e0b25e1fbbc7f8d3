import NIOCore
import Testing

@testable import LongwireClient

/// Which proxy is used, and how requests look on the way to it.
struct ProxyChoiceTests {
    private func proxy(_ url: String, _ variables: [String: String]) throws -> Proxy? {
        try ProxyEnvironment.proxy(for: try Endpoint(url)) { variables[$0] }
    }

    @Test("The environment names a proxy by the scheme of the URL, or one for all")
    func environment() throws {
        let both = ["http_proxy": "http://a.test:1", "https_proxy": "b.test:2"]
        #expect(try proxy("http://x.test/", both)?.place == "a.test:1")
        #expect(try proxy("https://x.test/", both)?.place == "b.test:2")
        #expect(try proxy("http://x.test/", ["all_proxy": "c.test:3"])?.place == "c.test:3")
        #expect(try proxy("https://x.test/", ["ALL_PROXY": "c.test:3"])?.place == "c.test:3")
        #expect(
            try proxy("https://x.test/", ["HTTPS_PROXY": "c.test:3", "all_proxy": "d.test:4"])?.place == "c.test:3")
        #expect(try proxy("https://x.test/", ["http_proxy": "a.test:1"]) == nil)
        #expect(try proxy("http://x.test/", [:]) == nil)
    }

    @Test("Small letters go before capitals, and what is empty is not there")
    func precedence() throws {
        #expect(try proxy("http://x.test/", ["http_proxy": "a.test:1", "HTTP_PROXY": "b.test:2"])?.place == "a.test:1")
        #expect(try proxy("http://x.test/", ["http_proxy": "", "HTTP_PROXY": "b.test:2"])?.place == "b.test:2")
        #expect(try proxy("http://x.test/", ["http_proxy": "", "all_proxy": ""]) == nil)
        let exceptions = ["http_proxy": "a.test:1", "no_proxy": "y.test", "NO_PROXY": "x.test"]
        #expect(try proxy("http://x.test/", exceptions)?.place == "a.test:1")
    }

    @Test("HTTP_PROXY in capitals counts for nothing in a CGI program")
    func httpoxy() throws {
        let variables = ["HTTP_PROXY": "evil.test:1", "REQUEST_METHOD": "GET"]
        #expect(try proxy("http://x.test/", variables) == nil)
        #expect(try proxy("http://x.test/", ["http_proxy": "a.test:1", "REQUEST_METHOD": "GET"])?.place == "a.test:1")
    }

    @Test("NO_PROXY excepts hosts")
    func exceptions() throws {
        let variables = ["http_proxy": "a.test:1", "NO_PROXY": "x.test,10.0.0.0/8"]
        #expect(try proxy("http://www.x.test:8080/", variables) == nil)
        #expect(try proxy("http://10.1.2.3/", variables) == nil)
        #expect(try proxy("http://y.test/", variables) != nil)
    }

    @Test("A configuration's own proxy goes before the environment, and none is none")
    func settings() throws {
        let endpoint = try Endpoint("http://x.test/")
        let variables = ["http_proxy": "a.test:1", "no_proxy": "*"]
        func route(_ setting: ProxySetting, tunnels: Bool = false) throws -> Route {
            try Route(to: endpoint, setting: setting, tunnels: tunnels) { variables[$0] }
        }
        #expect(try route(.none) == .direct)
        #expect(try route(.fromEnvironment) == .direct)
        #expect(try route(.url("b.test:2")) == .forward(Proxy("b.test:2", source: "")))
        #expect(try route(.url("b.test:2"), tunnels: true) == .tunnel(Proxy("b.test:2", source: "")))
        let secure = try Route(
            to: try Endpoint("https://x.test/"), setting: .url("b.test:2"), tunnels: false, variable: { _ in nil })
        #expect(secure == .tunnel(try Proxy("b.test:2", source: "")))
    }

    @Test("A proxy's URL is read as curl reads it")
    func urls() throws {
        let plain = try Proxy("proxy.test", source: "")
        #expect((plain.place, plain.isSecure) == ("proxy.test:1080", false))
        #expect(try Proxy("https://proxy.test/", source: "").place == "proxy.test:443")
        #expect(try Proxy("http://[::1]:3128", source: "").place == "[::1]:3128")
        // "user:p@:s%" in Base64, as openssl writes it
        #expect(try Proxy("http://user:p%40%3as%25@h:1", source: "").authorization == "Basic dXNlcjpwQDpzJQ==")
        #expect(try Proxy("http://user@h:1", source: "").authorization == "Basic dXNlcjo=")
        #expect(try Proxy("http://a@b:c@h:1", source: "").place == "h:1")
    }

    @Test(
        "What is no proxy is refused in a sentence that does not show its password",
        arguments: [
            ("socks5://user:secret@h:1", "SOCKS"), ("ftp://user:secret@h", "neither http nor https"),
            ("http://user:secret@h:0", "port"), ("http://user:secret@h:x", "port"), ("http://user:secret@", "host"),
            ("http://user:secret%zz@h:1", "percent"), ("http://user:secret@h\r\nX: y:1", "host"),
        ])
    func refused(_ url: String, _ why: String) throws {
        let error = #expect(throws: ConnectError.self) { _ = try Proxy(url, source: "the variable http_proxy") }
        #expect(error?.kind == .invalidURL)
        #expect(error?.description.contains(why) == true)
        #expect(error?.description.contains("http_proxy") == true)
        #expect(error?.description.contains("secret") == false)
        #expect(!"\(ProxySetting.url(url))".contains("secret"))
        #expect(!String(reflecting: ProxySetting.url(url)).contains("secret"))
    }

    @Test("A proxy that passes requests on gets the whole URL and the password; others see neither")
    func targets() throws {
        let endpoint = try Endpoint("http://x.test:8080/longwire/echo?a=b")
        let proxy = try Proxy("http://user:secret@p.test:1", source: "")
        #expect(Route.direct.target("/t?x", of: endpoint) == "/t?x")
        #expect(Route.tunnel(proxy).target("/t?x", of: endpoint) == "/t?x")
        #expect(Route.forward(proxy).target("/t?x", of: endpoint) == "http://x.test:8080/t?x")
        #expect(Route.direct.place(of: endpoint) != Route.forward(proxy).place(of: endpoint))
        #expect(Route.tunnel(proxy).place(of: endpoint) != Route.forward(proxy).place(of: endpoint))
        #expect(!Route.forward(proxy).place(of: endpoint).contains("secret"))
        #expect(Route.forward(proxy).forBytes == .tunnel(proxy))
        let request = TunnelHandler.request(for: endpoint, through: proxy)
        #expect(request.hasPrefix("CONNECT x.test:8080 HTTP/1.1\r\nHost: x.test:8080\r\n"))
        #expect(request.contains("\r\nProxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n"))
        #expect(request.hasSuffix("\r\n\r\n"))
        let six = TunnelHandler.request(for: try Endpoint("https://[::1]/"), through: try Proxy("h:1", source: ""))
        #expect(six.hasPrefix("CONNECT [::1]:443 HTTP/1.1\r\n"))
        #expect(!six.contains("Authorization"))
    }
}
