import Testing

@testable import LongwireClient

/// Which hosts `NO_PROXY` excepts.
struct NoProxyTests {
    @Test(
        "A host is excepted by its name, a domain above it, its address, its network or `*`",
        arguments: [
            ("example.org", "example.org"), ("example.org", "www.example.org"), (".example.org", "example.org"),
            (".example.org", "a.b.example.org"), ("*.example.org", "a.example.org"), ("EXAMPLE.org", "Www.Example.ORG"),
            ("example.org.", "example.org"), ("example.org", "example.org."), ("a.test, example.org", "example.org"),
            ("a.test example.org", "example.org"), ("*", "anything.test"), ("a.test,*", "b.test"),
            ("127.0.0.1", "127.0.0.1"), ("10.0.0.0/8", "10.200.3.4"), ("192.168.4.0/22", "192.168.7.255"),
            ("0.0.0.0/0", "8.8.8.8"), ("::1", "::1"), ("[::1]", "::1"), ("fe80::/10", "fe80::1:2"),
            ("2001:db8::/33", "2001:db8:7fff::1"), ("example.org:443", "example.org"), ("10.0.0.0/8", "10.0.0.0"),
            ("[2001:db8::1]:443", "2001:db8::1"), ("127.0.0.1:443", "127.0.0.1"),
        ])
    func excepted(_ value: String, _ host: String) {
        #expect(NoProxy(value).holds(host: host, port: 443))
    }

    @Test(
        "Nothing else is",
        arguments: [
            ("", "example.org"), ("example.org", "badexample.org"), ("www.example.org", "example.org"),
            ("example.org:80", "example.org"), ("10.0.0.0/8", "11.0.0.1"), ("192.168.4.0/22", "192.168.8.0"),
            ("2001:db8::/33", "2001:db8:8000::1"), ("10.0.0.0/8", "ten.test"), ("0.1", "127.0.0.1"),
            ("10.0.0.0/33", "10.0.0.1"), ("::/0", "127.0.0.1"), (",,  ,", "example.org"), ("*x", "x"),
            (".", "example.org"), ("127.0.0.1:80", "127.0.0.1"), ("example.org:0", "example.org"),
        ])
    func notExcepted(_ value: String, _ host: String) {
        #expect(!NoProxy(value).holds(host: host, port: 443))
    }
}
