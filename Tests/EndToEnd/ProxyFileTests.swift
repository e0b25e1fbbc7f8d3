import Foundation
import TestSupport
import Testing

/// A proxy's password, which is nobody else's business.
@Suite("The password of a proxy", .serialized, .timeLimit(.minutes(2)))
struct ProxyFileTests {
    @Test("A URL in a file brings the password to the proxy, and nothing is said of it")
    func file() async throws {
        let site = try await ProxySite()
        let user = ForwardProxy.User("somebody", "a-secret-word")
        let proxy = try await ForwardProxy(.tinyproxy, user: user)
        let folder = try TemporaryFolder()
        let file = try folder.write(proxy.url(user) + "\n", to: "proxy")
        let client = try ManagedProcess(
            try BuiltProducts.longwire, ["connect", "-v", "--proxy-file", file, site.url], input: .pipe)
        try await client.write("hello\n")
        try await eventually("it is answered: \(client.report)") { client.output?.text.contains("hello") == true }
        let arguments = FileManager.default.contents(atPath: "/proc/\(client.pid)/cmdline") ?? Data()
        #expect(!String(decoding: arguments, as: UTF8.self).contains("a-secret-word"))
        client.closeInput()
        #expect(try await client.waitUntilExit() == .exited(0))
        try await eventually("the proxy notes the request") { proxy.log.contains("/longwire/echo") }
        #expect(client.errors?.text.contains("password") == false && client.errors?.text.contains("secret") == false)
        let wrong = try await ManagedProcess.run(
            try BuiltProducts.longwire, ["connect", "--proxy-file", folder.path("nothing"), site.url])
        #expect(wrong.status == .exited(64))
        #expect(wrong.errors.contains("no URL is there; it is one line such as http://"), "\(wrong.errors)")
        proxy.stop()
        try await site.stop()
    }

    @Test("Who writes a password behind --proxy is told who can read it", arguments: ["connect", "probe"])
    func advice(_ command: String) async throws {
        let advice = "everybody on this machine can read the password behind --proxy"
        for (url, isTold) in [
            ("http://somebody:a-secret-word@127.0.0.1:1", true), ("somebody:a-secret-word@127.0.0.1:1", true),
            ("http://somebody@127.0.0.1:1", false), ("http://127.0.0.1:1", false),
        ] {
            let result = try await ManagedProcess.run(
                try BuiltProducts.longwire, [command, "--proxy", url, "http://127.0.0.1:1/longwire/echo"])
            #expect(result.status == .exited(2), "\(result.errors)")
            #expect(result.errors.contains(advice) == isTold, "\(result.errors)")
            #expect(!result.errors.contains("a-secret-word"))
        }
    }
}
