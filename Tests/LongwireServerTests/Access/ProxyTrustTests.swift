import HTTPTypes
import Testing

@testable import LongwireServer

@Suite struct ProxyTrustTests {
    private func client(
        of peer: String?, _ value: String?, in field: String = "X-Forwarded-For", trusting proxies: String...,
        as form: ForwardedField = .xForwardedFor
    ) -> String? {
        var fields = HTTPFields()
        if let value, let name = HTTPField.Name(field) { fields[name] = value }
        return ProxyTrust(proxies: proxies, field: form).client(of: peer, fields)
    }

    @Test func nobodyIsTrustedUnlessNamed() {
        #expect(client(of: "192.0.2.1", "203.0.113.9") == "192.0.2.1")
        #expect(client(of: "127.0.0.1", "203.0.113.9", trusting: "10.0.0.0/8") == "127.0.0.1")
        #expect(client(of: "unix:", "203.0.113.9") == "unix:")
        #expect(client(of: nil, "203.0.113.9") == nil)
    }

    @Test func aTrustedProxyIsBelieved() {
        #expect(client(of: "127.0.0.1", "203.0.113.9", trusting: "127.0.0.1") == "203.0.113.9")
        #expect(client(of: "10.1.2.3", "203.0.113.9:4711", trusting: "10.0.0.0/8") == "203.0.113.9")
        #expect(client(of: "::ffff:10.1.2.3", "[2001:DB8::1]:443", trusting: "10.0.0.0/8") == "2001:db8::1")
        #expect(client(of: "10.1.2.3", nil, trusting: "10.0.0.0/8") == "10.1.2.3")
        #expect(client(of: "unix:", "203.0.113.9", trusting: "unix") == "203.0.113.9")
        #expect(client(of: nil, "203.0.113.9", trusting: "unix") == "203.0.113.9")
    }

    @Test func whatAClientWroteBeforeItsOwnAddressCountsForNothing() {
        #expect(client(of: "10.0.0.1", "198.51.100.7, 203.0.113.9", trusting: "10.0.0.0/8") == "203.0.113.9")
        #expect(client(of: "10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2", trusting: "10.0.0.0/8") == "203.0.113.9")
        #expect(client(of: "10.0.0.1", "203.0.113.9, unknown", trusting: "10.0.0.0/8") == "10.0.0.1")
        #expect(client(of: "10.0.0.1", "203.0.113.9, , 10.0.0.2", trusting: "10.0.0.0/8") == "10.0.0.2")
    }

    @Test func onlyTheFieldThatIsConfiguredCounts() {
        #expect(client(of: "10.0.0.1", "for=203.0.113.9", in: "Forwarded", trusting: "10.0.0.1") == "10.0.0.1")
        let forwarded = "for=192.0.2.60;proto=http;by=203.0.113.43, FOR=\"[2001:db8:cafe::17]:4711\""
        #expect(
            client(of: "10.0.0.1", forwarded, in: "Forwarded", trusting: "10.0.0.1", as: .forwarded)
                == "2001:db8:cafe::17")
        #expect(
            client(of: "10.0.0.1", "203.0.113.9", in: "X-Forwarded-For", trusting: "10.0.0.1", as: .forwarded)
                == "10.0.0.1")
    }

    @Test(arguments: [
        "for=\"203.0.113.9", "for=", "for", "=", ";;;", ",", "for=\"203.0.113.9, 1.2.3.4\"", "for=\"\\",
        "for=_hidden", "by=1.2.3.4",
    ])
    func whatIsNoForwardedFieldNamesNobody(_ value: String) {
        #expect(client(of: "10.0.0.1", value, in: "Forwarded", trusting: "10.0.0.1", as: .forwarded) == "10.0.0.1")
    }

    @Test func whatIsNoAddressCannotBeTrusted() {
        #expect(MountConfiguration.complaint(aboutProxy: "10.0.0.0/8") == nil)
        #expect(MountConfiguration.complaint(aboutProxy: "unix") == nil)
        for text in ["proxy.example", "10.0.0.0/33", "", "*"] {
            #expect(MountConfiguration.complaint(aboutProxy: text) != nil)
        }
        var configuration = MountConfiguration()
        configuration.trustedProxies = ["example"]
        #expect(throws: ConfigurationError.self) { try configuration.validate() }
    }
}
