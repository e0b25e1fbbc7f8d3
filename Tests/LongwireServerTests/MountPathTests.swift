import HTTPTypes
import Testing

@testable import LongwireServer

/// How a request target is read (Docs/protocol.md, "HTTP binding").
@Suite struct MountPathTests {
    private func path(_ target: String, mount: String = "/longwire", authority: String? = "example.org") -> MountPath {
        MountPath(target: target, mount: mount, authority: authority)
    }

    // R: D1
    @Test(arguments: [
        ("/longwire", MountPath.page), ("/longwire/", .page), ("/longwire?x=1", .page), ("/longwire/?x=%2F", .page),
        ("/longwire/echo", .servlet("echo")), ("/longwire/echo/", .servlet("echo")),
        ("/longwire/echo?a=../b", .servlet("echo")), ("/longwire/rooms/lobby", .servlet("rooms/lobby")),
        ("/longwire/e%63ho", .servlet("echo")), ("/longwire/%C3%A4", .servlet("ä")),
        ("/longwire/a%20b", .servlet("a b")), ("/longwire/...", .servlet("...")),
        ("/longwire/%252e%252e/echo", .servlet("%2e%2e/echo")), ("/longwire/%252Fecho", .servlet("%2Fecho")),
        ("/longwire/a+b", .servlet("a+b")), ("/longwire/echo#x", .servlet("echo")),
        ("/", .elsewhere), ("/longwires", .elsewhere), ("/longwire.html", .elsewhere), ("/Longwire/echo", .elsewhere),
        ("/other/longwire/echo", .elsewhere),
        ("http://example.org/longwire/echo", .servlet("echo")),
        ("HTTPS://EXAMPLE.org/longwire/echo?x", .servlet("echo")), ("http://example.org?x", .elsewhere),
    ]) func whatCanBeReadOneWayOnlyIsRead(target: String, expected: MountPath) {
        #expect(path(target) == expected)
    }

    // R: D1
    @Test(arguments: [
        "/longwire/../echo", "/longwire/./echo", "/longwire//echo", "//longwire/echo", "/longwire/echo//",
        "/longwire/%2e%2e/echo", "/longwire/%2E/echo", "/longwire/.%2e/echo", "/longwire/..", "/longwire/.",
        "/longwire/a%2fb", "/longwire/a%2Fb", "/longwire/a%5cb", "/longwire/a%5Cb", "/longwire/a\\b",
        "/longwire/a%00", "/longwire/%", "/longwire/%4", "/longwire/%zz", "/longwire/%ff", "/longwire/%c0%ae",
        "longwire/echo", "", "*", "example.org:443", "http://other.example/longwire/echo",
        "http://user@example.org/longwire/echo", "http://example.org:80/longwire/echo",
    ]) func whatCouldBeReadTwoWaysIsBad(target: String) {
        guard case .bad(let why) = path(target) else {
            Issue.record("\(target) is \(path(target))")
            return
        }
        #expect(!why.isEmpty)
    }

    @Test func anAbsoluteFormNeedsAHostToCompareWith() {
        guard case .bad = path("http://example.org/longwire/echo", authority: nil) else {
            Issue.record("accepted")
            return
        }
    }

    // R: D10
    @Test func aMountMayBeEverything() {
        #expect(path("/", mount: "/") == .page)
        #expect(path("/echo", mount: "/") == .servlet("echo"))
        #expect(path("/a/b/", mount: "/") == .servlet("a/b"))
    }

    @Test(arguments: ["", "/echo", "a//b", "../a", "a/..", "."]) func aServletNeedsAPlainName(name: String) {
        #expect(throws: ConfigurationError.self) { _ = try Mount(servlets: [name: .inline(EchoServlet())]) }
    }

    @Test(arguments: ["", "longwire", "/longwire/", "/a//b", "/a/../b"]) func aMountNeedsAPlainPath(path: String) {
        var configuration = MountConfiguration()
        configuration.path = path
        #expect(throws: ConfigurationError.self) { try configuration.validate() }
    }
}

/// Percent-decoding and what stands on it.
@Suite struct PercentEncodingTests {
    @Test(arguments: [
        ("", ""), ("abc", "abc"), ("%41%62", "Ab"), ("%c3%A4", "ä"), ("%2541", "%41"), ("a+b", "a+b"), ("%2B", "+"),
    ]) func itDecodesExactlyOnce(raw: String, decoded: String) {
        #expect(PercentEncoding.decoded(raw[...]) == decoded)
    }

    @Test(arguments: ["%", "%4", "%g0", "%0g", "%ff", "%c3", "%ed%a0%80", "a%", "% 1", "%+1"])
    func whatIsBrokenOrNotUTF8IsNil(raw: String) {
        #expect(PercentEncoding.decoded(raw[...]) == nil)
    }

    private func query(_ path: String) -> [String: String] {
        SessionRequest(
            servlet: "chat", principal: nil, remoteAddress: nil,
            head: HTTPRequest(method: .post, scheme: "http", authority: "example.org", path: path)
        ).query
    }

    @Test func aQueryIsReadByName() {
        #expect(query("/x") == [:])
        #expect(query("/x?") == [:])
        #expect(query("/x?a=1&b=&c") == ["a": "1", "b": "", "c": ""])
        #expect(query("/x?room=caf%C3%A9+noir&name=a%3Db%26c#end") == ["room": "café noir", "name": "a=b&c"])
        #expect(query("/x?a=first&a=second") == ["a": "first"])
        #expect(query("/x?a=b=c&&=d") == ["a": "b=c", "": "d"])
        #expect(query("/x?bad=%zz&good=1") == ["good": "1"])
    }
}
