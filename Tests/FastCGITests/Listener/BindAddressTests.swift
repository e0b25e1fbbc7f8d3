import NIOCore
import Testing

@testable import FastCGI

@Suite struct BindAddressTests {
    @Test(arguments: [
        ("127.0.0.1:9000", BindAddress.tcp(host: "127.0.0.1", port: 9000)),
        ("localhost:0", .tcp(host: "localhost", port: 0)),
        ("[::1]:9000", .tcp(host: "::1", port: 9000)),
        (":9000", .tcp(host: "0.0.0.0", port: 9000)),
        ("unix:/run/x.sock", .unix(path: "/run/x.sock")),
        ("/run/x.sock", .unix(path: "/run/x.sock")),
        (
            "unix:/run/x.sock?mode=0660&owner=app&group=www",
            .unix(path: "/run/x.sock", options: .init(mode: 0o660, owner: "app", group: "www"))
        ),
        ("fd:0", .descriptor(0)), ("systemd", .systemd()), ("systemd:web", .systemd(name: "web")),
    ]) func everyFormIsRead(text: String, address: BindAddress) throws {
        #expect(try BindAddress(parsing: text) == address)
        #expect(try BindAddress(parsing: address.description) == address)
    }

    @Test(arguments: [
        "", "9000", "host", "host:", "host:70000", "host:-1", "::1:9000", "unix:", "unix:?mode=0660",
        "unix:/x?mode=9", "unix:/x?mode=", "unix:/x?mode=7777", "unix:/x?colour=red", "fd:", "fd:-1", "fd:x",
        "systemd:",
    ]) func whatIsNoAddressIsRefusedWithAnExample(text: String) {
        #expect { try BindAddress(parsing: text) } throws: { ($0 as? FastCGIError)?.code == .invalidAddress }
    }
}

@Suite struct WebServerAddressesTests {
    @Test func theListIsRead() {
        let addresses = WebServerAddresses(parsing: "127.0.0.1, ::1,10.0.0.7,nonsense")
        #expect(addresses.invalidEntries == ["nonsense"])
        #expect(addresses == WebServerAddresses(parsing: "::1,10.0.0.7,127.0.0.1,nonsense"))
    }

    @Test(arguments: [
        ("10.0.0.7", true), ("10.0.0.8", false), ("::1", true), ("::2", false), ("::ffff:10.0.0.7", true),
    ]) func peersAreComparedByAddress(peer: String, isAllowed: Bool) throws {
        let addresses = WebServerAddresses(parsing: "10.0.0.7,::1")
        #expect(try addresses.allows(.init(ipAddress: peer, port: 1234)) == isAllowed)
    }

    @Test func unixSocketsAreNotConcerned() throws {
        #expect(try WebServerAddresses(parsing: "10.0.0.7").allows(.init(unixDomainSocketPath: "/x")))
    }

    @Test func anAbsentOrEmptyVariableAllowsEverybody() {
        #expect(WebServerAddresses { _ in nil } == nil)
        #expect(WebServerAddresses { _ in "" } == nil)
        #expect(
            WebServerAddresses { $0 == "FCGI_WEB_SERVER_ADDRS" ? "::1" : nil } == WebServerAddresses(parsing: "::1"))
    }
}

@Suite struct SystemdSocketsTests {
    private func sockets(_ variables: [String: String]) throws(FastCGIError) -> SystemdSockets {
        try SystemdSockets(environment: { variables[$0] }, processID: 42)
    }

    @Test func descriptorsAndNamesAreRead() throws {
        let sockets = try self.sockets(["LISTEN_PID": "42", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "web:admin"])
        #expect(
            sockets.passed == [
                .init(descriptor: 3, name: "web"), .init(descriptor: 4, name: "admin"),
                .init(descriptor: 5, name: "unknown"),
            ])
        #expect(try sockets.descriptors(named: nil) == [3, 4, 5])
        #expect(try sockets.descriptors(named: "admin") == [4])
    }

    @Test(arguments: [
        [:], ["LISTEN_FDS": "1"], ["LISTEN_FDS": "1", "LISTEN_PID": "41"], ["LISTEN_FDS": "0", "LISTEN_PID": "42"],
        ["LISTEN_FDS": "-1", "LISTEN_PID": "42"], ["LISTEN_FDS": "x", "LISTEN_PID": "42"],
    ]) func socketsThatAreNotForUsAreRefused(variables: [String: String]) {
        #expect { try self.sockets(variables) } throws: { ($0 as? FastCGIError)?.code == .noInheritedSocket }
    }

    @Test func anUnknownNameIsRefusedWithTheNamesThereAre() throws {
        let sockets = try self.sockets(["LISTEN_PID": "42", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web"])
        #expect { try sockets.descriptors(named: "other") } throws: { "\($0)".contains("web") }
    }
}
