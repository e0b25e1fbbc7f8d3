import Foundation
import TestSupport
import Testing

/// longwired with rules of access, as an operator sets them up, and the terminal client with its token.
@Suite("Who may in", .serialized, .timeLimit(.minutes(4)))
struct AccessDaemonTests {
    /// Makes a token for `name` with the program, adds it to a file, and gives the file with the token alone.
    private static func token(_ name: String, in folder: TemporaryFolder, to file: String = "tokens") async throws
        -> String
    {
        let text = try await ManagedProcess.mustRun(
            try BuiltProducts.longwired, ["token", name, "--file", folder.path(file)])
        return try folder.write(text, to: "\(name).token")
    }

    @Test("A token is made, lets in, is seen in lists, logs and programs, and no longer lets in when it is taken out")
    func tokens() async throws {
        let folder = try TemporaryFolder()
        let ada = try await Self.token("ada", in: folder)
        let bob = try await Self.token("bob", in: folder)
        let program = "exec:sh -c 'echo I am $REMOTE_USER; cat'"
        let site = try await ConfigSite(
            "servlets:\n  who: {exec: \"\(program.dropFirst(5))\", access: \"tokens:\(folder.path("tokens"))\"}\n"
                + "  echo: echo\nlog: {level: info}\n")
        func client(_ flags: [String], input: String = "hello\n") async throws -> ManagedProcess.Result {
            try await ManagedProcess.run(
                try BuiltProducts.longwire, ["connect", "--no-proxy", site.url("who")] + flags, input: input)
        }
        for (file, name) in [(ada, "ada"), (bob, "bob")] {
            let result = try await client(["--bearer-file", file])
            #expect(result.output == "I am \(name)\nhello\n", "\(result.errors)")
        }
        #expect(site.lines.contains { $0.contains("session opened") && $0.contains("principal=ada") })
        let refused = try await client([])
        #expect(refused.status == .exited(12))
        #expect(refused.errors.contains("401"), "\(refused.errors)")
        // The environment does the same.
        let secret = folder.read("ada.token").trimmingCharacters(in: .whitespacesAndNewlines)
        let named = try await ManagedProcess.run(
            try BuiltProducts.longwire, ["connect", "--no-proxy", site.url("who")],
            environment: ["LONGWIRE_BEARER": secret], input: "hi\n")
        #expect(named.output == "I am ada\nhi\n", "\(named.errors)")
        // A line that is open is cut when its token is taken out, and nothing new begins.
        let open = try ManagedProcess(
            try BuiltProducts.longwire,
            ["connect", "--no-proxy", "-v", "--transport", "duplex", "--bearer-file", ada, site.url("who")],
            input: .pipe)
        try await open.write("one\n")
        try await eventually("it is answered") { open.output?.text.contains("one\n") == true }
        let left = folder.read("tokens").split(separator: "\n").filter { !$0.hasPrefix("ada ") }
        try folder.write(left.joined(separator: "\n") + "\n", to: "tokens")
        try await eventually("ada is let in no more") {
            try await client(["--bearer-file", ada]).status == .exited(12)
        }
        try await eventually("its line is cut: \(open.report)") {
            open.errors?.text.contains("reconnecting") == true
        }
        // With a new token of the same name it goes on where it was.
        try await open.write("two\n")
        let again = try await ManagedProcess.mustRun(
            try BuiltProducts.longwired, ["token", "ada", "--file", folder.path("tokens")])
        try folder.write(again, to: "ada.token")
        try await eventually(within: .seconds(40), "it is answered: \(open.report)") {
            open.output?.text.contains("two\n") == true
        }
        open.closeInput()
        #expect(try await open.waitUntilExit() == .exited(0), "\(open.report)")
        #expect(try await client(["--bearer-file", bob]).status == .exited(0))
        site.process.stop()
    }

    #if TLS
        private static let noKeys = "cannot be read"
    #else
        private static let noKeys = "was built without JSON Web Tokens"
    #endif

    @Test(
        "What cannot be is told at its place",
        arguments: [
            ("access: {rule: tokens:/nonexistent/tokens}", "cannot be read"),
            ("access: {rule: somebody}", "is not a rule; write open, tokens:FILE"),
            ("access: {rule: tokens:relative}", "with the whole path of the file"),
            ("access: {rule: jwt:keys.json}", "with the whole path of the file"),
            ("access: {rule: jwt:/nonexistent/keys.json}", noKeys),
            ("access: {jwt-leeway: 1h}", "at most 10m"),
            ("access: {rule: web-server}", "web-server needs a web server"),
            ("servlets: {echo: {kind: echo, access: web-server}}", "web-server needs a web server"),
            ("access: {rule: certificate}", "certificate needs TLS"),
            ("servlets: {echo: {access: open}}", "needs exec with a command, connect with an address, or kind"),
            ("servlets: {echo: {kind: echo, framing: lines}}", "framing is for a servlet with exec"),
            ("access: {trusted-proxies: [proxy.example]}", "is no address"),
            ("access: {forwarded: via}", "is not one of x-forwarded-for, forwarded"),
            ("listen: {https: [\"127.0.0.1:1\"]}", "HTTPS needs a certificate"),
        ])
    func complaints(_ text: String, _ sentence: String) async throws {
        let folder = try TemporaryFolder()
        let head = text.hasPrefix("listen") ? "" : "listen: {http: [\"127.0.0.1:1\"]}\n"
        let file = try folder.write(head + text + "\n", to: "longwired.yaml")
        let result = try await ManagedProcess.run(try BuiltProducts.longwired, ["check-config", "--config", file])
        #expect(result.status == .exited(78), "\(result.output)\(result.errors)")
        #expect(result.errors.contains(sentence), "\(result.errors)")
    }

    @Test("A file of tokens is made for its owner alone, and takes a line behind one without an end")
    func file() async throws {
        let folder = try TemporaryFolder()
        _ = try await Self.token("ada", in: folder)
        let mode = try FileManager.default.attributesOfItem(atPath: folder.path("tokens"))[.posixPermissions] as? Int
        #expect(mode == 0o600)
        try folder.write(folder.read("tokens").trimmingCharacters(in: .newlines), to: "tokens")
        _ = try await Self.token("bob", in: folder)
        #expect(folder.read("tokens").split(separator: "\n").count == 2)
        let wrong = try await ManagedProcess.run(try BuiltProducts.longwired, ["token", "two words"])
        #expect(wrong.status == .exited(64))
        let known = String(repeating: "k", count: 40)
        let line = try await ManagedProcess.run(
            try BuiltProducts.longwired, ["token", "ada", "--from-input"], input: known)
        #expect(line.output.hasPrefix("ada sha256:") && !line.output.contains(known))
    }

    @Test("A forwarded address is believed from a trusted proxy alone")
    func forwarded() async throws {
        for (trusted, address) in [("[]", "127.0.0.1"), ("[127.0.0.0/8]", "203.0.113.9")] {
            let site = try await ConfigSite("access: {trusted-proxies: \(trusted)}\nlog: {level: info}\n")
            let result = try await ManagedProcess.run(
                try BuiltProducts.longwire,
                ["connect", "--no-proxy", "--header", "X-Forwarded-For: 198.51.100.1, 203.0.113.9", site.url("echo")],
                input: "x\n")
            #expect(result.status == .exited(0), "\(result.errors)")
            #expect(site.lines.contains { $0.contains("session opened") && $0.contains("address=\(address)") })
            site.process.stop()
        }
    }

    @Test("What a client says never chooses a program or a service")
    func targets() async throws {
        let folder = try TemporaryFolder()
        let site = try await ConfigSite("servlets:\n  echo: echo\n  run: {exec: [\"cat\"]}\n")
        let trap = folder.path("trap")
        for path in [
            "exec:touch%20\(trap)", "run?exec=touch%20\(trap)", "run?command=touch%20\(trap)",
            "tcp://127.0.0.1:\(site.port)", "run/../exec:touch%20\(trap)", "unix:\(trap)", "run;touch%20\(trap)",
        ] {
            _ = try await ManagedProcess.run(
                try BuiltProducts.longwire,
                [
                    "connect", "--no-proxy", "--header", "X-Exec: touch \(trap)", "--header",
                    "X-Target: tcp://127.0.0.1:1",
                    "http://127.0.0.1:\(site.port)/longwire/\(path)",
                ], input: "touch \(trap)\n; touch \(trap)\n$(touch \(trap))\n")
        }
        #expect(!FileManager.default.fileExists(atPath: trap))
        site.process.stop()
    }
}
