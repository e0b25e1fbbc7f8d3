import Foundation
import LongwireClient
import LongwireProtocol
import LongwireServer
import NIOCore
import TestSupport
import Testing

/// Every row of the table of exit codes: how it comes about, and the sentence that goes with it.
@Suite("The exit codes of the terminal client", .serialized, .timeLimit(.minutes(5)))
struct TerminalExitTests {
    private static func expect(
        _ url: String, _ options: [String] = [], input: String = "", code: Int32, _ sentence: String,
        location: SourceLocation = #_sourceLocation
    ) async throws {
        let result = try await ManagedProcess.run(
            try BuiltProducts.longwire, ["connect"] + options + [url], input: input)
        #expect(result.status == .exited(code), "\(url): \(result.errors)", sourceLocation: location)
        #expect(result.errors.contains(sentence), "\(url): \(result.errors)", sourceLocation: location)
        #expect(result.output == "", sourceLocation: location)
        // One sentence, and one for people: nothing that looks like a dump of a value.
        if code < 64 {
            #expect(
                result.errors.hasPrefix("longwire: ") && result.errors.count { $0 == "\n" } == 1,
                "\(result.errors)", sourceLocation: location)
        }
    }

    // R: D5
    @Test("2: nobody listens, nobody answers, or the connection is closed")
    func notReachable() async throws {
        let free = try FreePort.next()
        try await Self.expect("http://127.0.0.1:\(free)/", code: 2, "nobody listens at 127.0.0.1:\(free)")
        let silent = try await TerminalImpostor(nil, closes: false)
        try await Self.expect(silent.url, ["--timeout", "300ms"], code: 2, "in time")
        let rude = try await TerminalImpostor("")
        try await Self.expect(rude.url, code: 2, "the connection was closed")
    }

    // R: D5
    @Test("3: the name is not known")
    func nameNotFound() async throws {
        try await Self.expect("http://name.invalid/x", code: 3, "the name name.invalid is not known")
    }

    // R: D5
    @Test("4: a certificate nobody vouches for, one for another name, one that is over, and no TLS at all")
    func certificates() async throws {
        let site = try await TerminalSite()
        let certificates = try await Certificates()
        var options = NginxFixture.Options(mounts: [.init(to: .unix(path: site.folder.path("none")))])
        options.certificates = certificates
        // Its certificate is for 127.0.0.1 and localhost.
        let other = try FreePort.next()
        options.httpDirectives = """
            server {
                listen 127.0.0.2:\(other) ssl;
                ssl_certificate \(certificates.certificate);
                ssl_certificate_key \(certificates.key);
            }
            """
        let nginx = try await NginxFixture(options)
        let url = nginx.tlsURL("/longwire/echo")
        try await Self.expect(url, code: 4, "nobody trusted here vouches for it")
        // Trusted, it gets as far as the web server, which has nobody behind it.
        let trusting = ["--ca", certificates.authority]
        try await Self.expect(url, trusting, code: 5, "502 (bad gateway: the web server does not reach longwired)")
        try await Self.expect(
            "https://127.0.0.2:\(other)/longwire/echo", trusting, code: 4,
            "the certificate of 127.0.0.2:\(other) is for another name")
        try await Self.expect(
            "https://127.0.0.1:\(nginx.port)/longwire/echo", trusting, code: 4, "does not speak TLS")
        try await Self.expect(url, ["--ca", "/nonexistent/ca.pem"], code: 4, "/nonexistent/ca.pem")

        let folder = site.folder
        try await ManagedProcess.mustRun(
            "openssl",
            [
                "x509", "-req", "-days", "-1", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                "-CAcreateserial", "-extfile", "server.ext", "-out", folder.path("expired.crt"),
            ], folder: (certificates.authority as NSString).deletingLastPathComponent)
        try FileManager.default.removeItem(atPath: certificates.certificate)
        try FileManager.default.moveItem(atPath: folder.path("expired.crt"), toPath: certificates.certificate)
        try await nginx.restart()
        try await Self.expect(url, trusting, code: 4, "expired")
    }

    // R: D5
    @Test("5, 12, 13: what a real nginx says in its own name, and what a proxy does")
    func statuses() async throws {
        let folder = try TemporaryFolder()
        try folder.write("me:{PLAIN}secret\n", to: "users")
        var options = NginxFixture.Options(mounts: [.init(to: .unix(path: folder.path("none")))])
        options.serverDirectives = """
            location /users/ { auth_basic "x"; auth_basic_user_file \(folder.path("users")); return 200; }
            location /forbidden/ { deny all; }
            location /gone/ { return 410; }
            location /proxy/ { return 407; }
            location /often/ { return 429; }
            location /moved/ { return 301 /elsewhere/; }
            location /files/ { limit_except POST { } try_files /nothing =404; }
            """
        let nginx = try await NginxFixture(options)
        let cases: [(String, Int32, String)] = [
            ("/forbidden/x", 12, "answered with status 403 (forbidden)"),
            ("/proxy/x", 12, "answered with status 407 (the proxy wants credentials)"),
            ("/gone/x", 13, "answered with status 410 (gone)"),
            ("/files/x", 13, "answered with status 404 (not found)"),
            ("/often/x", 5, "answered with status 429 (too many requests)"),
            ("/moved/x", 5, "answered with status 301"),
            ("/", 5, "answered with status 405 (method not allowed)"),
            ("/longwire/echo", 5, "answered with status 502 (bad gateway"),
        ]
        for (path, code, sentence) in cases { try await Self.expect(nginx.url(path), code: code, sentence) }
        let guarded = try await TerminalImpostor(
            TerminalImpostor.response("401 Unauthorized\r\nWWW-Authenticate: Basic realm=x"))
        try await Self.expect(
            guarded.url, code: 12,
            "answered with status 401 (unauthorized; --bearer-file or --header can bring credentials)")
    }

    // R: D5
    @Test("12 through nginx: without credentials refused, with them in a header field let in")
    func credentials() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        try site.folder.write("me:{PLAIN}secret\n", to: "users")
        var options = NginxFixture.Options(mounts: [
            .init(
                to: .tcp(port: site.fastcgi),
                directives: "auth_basic x; auth_basic_user_file \(site.folder.path("users"));")
        ])
        options.workers = 1
        let nginx = try await NginxFixture(options)
        let url = nginx.url("/longwire/echo")
        try await Self.expect(url, code: 12, "status 401 (unauthorized")
        let header = "Authorization: Basic " + Data("me:secret".utf8).base64EncodedString()
        let result = try await ManagedProcess.run(
            try BuiltProducts.longwire, [url, "--header", header], input: "let in\n")
        #expect(result.status == .exited(0), "\(result.errors)")
        #expect(result.output == "let in\n")
    }

    // R: D5
    @Test("6: a web server's page, and something that speaks no HTTP")
    func notLongwire() async throws {
        let page = try await TerminalImpostor(TerminalImpostor.response("200 OK"))
        try await Self.expect(page.url, code: 6, "is not a Longwire servlet: it answered with text/html")
        let ssh = try await TerminalImpostor("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
        try await Self.expect(ssh.url, code: 6, "does not speak HTTP/1.1")
        let frames = TerminalImpostor.response(
            "200 OK", type: "application/vnd.longwire", body: "\u{01}\u{01}no frames")
        let babble = try await TerminalImpostor(frames)
        try await Self.expect(babble.url, code: 6, "what answered does not speak this protocol")
    }

    /// A server that refuses every session.
    private static func refusing(_ code: CloseCode, _ reason: String) async throws -> TerminalImpostor {
        var frames = ByteBuffer()
        FrameEncoder.write(.abort(AbortFrame(received: 0, code: code, reason: reason)), to: &frames)
        var answer = ByteBuffer(
            string: "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.longwire\r\n"
                + "Content-Length: \(frames.readableBytes)\r\n\r\n")
        answer.writeBuffer(&frames)
        return try await TerminalImpostor(answer)
    }

    // R: D5
    @Test("7: no version in common; 8: refused with a code")
    func refusals() async throws {
        let future = try await Self.refusing(.version, "this server speaks version 9")
        try await Self.expect(
            future.url, code: 7, "no version of the protocol is spoken by both: no common version: this server speaks")
        let choosy = try await Self.refusing(.unauthorized, "members only\u{1b}[2J")
        try await Self.expect(
            choosy.url, code: 8, "the server refused the session: unauthorized: members only\\x1b[2J (code 4)")
    }

    // R: D5
    @Test("8: a server that has as many sessions as it takes says so")
    func tooManySessions() async throws {
        let server = try await BadInputServer([:]) { $0.maximumSessions = 1 }
        let url = server.url("echo", port: server.httpPort)
        let session = try await Longwire.connect(url)
        try await Self.expect(url, code: 8, "overloaded: the limit of 1 sessions is reached (code 8)")
        await session.close()
        try await server.stop()
    }

    // R: D5
    @Test("9: a session that cannot be resumed, with how much was not acknowledged; --reconnect-limit bounds the wait")
    func lost() async throws {
        let site = try await TerminalSite()
        for limit in [0, 2] {
            let server = try await site.start()
            let client = try ManagedProcess(
                try BuiltProducts.longwire, ["connect", site.url("echo"), "-v", "--reconnect-limit", "\(limit)"],
                input: .pipe)
            try await client.write("first\n")
            try await client.waitForLine(containing: "first")
            server.kill()
            try await server.waitUntilExit()
            #expect(try await client.waitUntilExit() == .exited(9), "\(client.report)")
            let errors = client.errors?.text ?? ""
            #expect(errors.contains("longwire: the session is lost: expired: "), "\(errors)")
            #expect(errors.contains("no line after 2 attempts: nobody listens") == (limit == 2), "\(errors)")
            #expect(errors.contains("reconnecting") == (limit == 2), "\(errors)")
            #expect(errors.contains("everything sent was acknowledged"), "\(errors)")
        }
    }

    // R: D5
    @Test("10 and 11: what the server's servlet decides is told with its code and reason")
    func endings() async throws {
        struct Choosy: Servlet {
            func service(_ session: Session) async throws {
                for try await message in session.messages {
                    if message.text == "abort" { session.abort(CloseCode(rawValue: 1234), reason: "no\u{202e}more") }
                    if message.text == "close" { await session.close(CloseCode(rawValue: 1000), reason: "lunch") }
                }
            }
        }
        let server = try await BadInputServer(["choosy": .task(Choosy())])
        let url = server.url("choosy", port: server.httpPort)
        try await Self.expect(url, input: "close\n", code: 10, "longwire: closed by the server: code 1000: lunch\n")
        try await Self.expect(
            url, input: "abort\n", code: 11, "longwire: aborted by the server: code 1234: no\\u{202e}more; ")
        try await server.stop()
    }

    // R: D5
    @Test(
        "64: a command line that makes no sense is explained in a sentence",
        arguments: [
            ["ftp://127.0.0.1/"], ["http://"], ["http://me@127.0.0.1/"], ["--binary", "--json", "http://127.0.0.1/"],
            ["--lines", "--framed", "length", "http://127.0.0.1/"], ["--framed", "xml", "http://127.0.0.1/"],
            ["--timeout", "0s", "http://127.0.0.1/"], ["--timeout", "soon", "http://127.0.0.1/"],
            ["--reconnect-limit", "-1", "http://127.0.0.1/"], ["--message-limit", "0", "http://127.0.0.1/"],
            ["--header", "no colon", "http://127.0.0.1/"], ["--color", "blue", "http://127.0.0.1/"],
            ["-v", "--quiet", "http://127.0.0.1/"], ["--nonsense"], ["http://127.0.0.1/", "http://127.0.0.1/"],
        ])
    func usage(arguments: [String]) async throws {
        for command in [[], ["connect"]] {
            let result = try await ManagedProcess.run(try BuiltProducts.longwire, command + arguments)
            #expect(result.status == .exited(64), "\(arguments): \(result.errors)")
            #expect(!result.errors.isEmpty && result.output == "")
        }
    }

    // R: D5
    @Test("65: input that is not what the options say, with the number of the line")
    func badInput() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let json: [(String, String)] = [
            ("{\"text\":\"a\"}\n\n{\"text\":\n", "line 3 of the input is not JSON"),
            ("[1]\n", "line 1 of the input is not an object"),
            ("{\"text\":1}\n", "line 1 of the input has something else than a string in it"),
            ("{\"text\":\"a\",\"bytes\":\"\"}\n", "line 1 of the input has not just one member"),
            ("{\"bytes\":\"?\"}\n", "line 1 of the input has no base64"),
            ("{\"words\":\"a\"}", "line 1 of the input has a member that is neither \"text\" nor \"bytes\""),
        ]
        for (input, sentence) in json {
            let result = try await site.client("clock", ["--json", "--quiet"], input: input)
            #expect(result.status == .exited(65), "\(result.errors)")
            #expect(result.errors.contains(sentence), "\(result.errors)")
        }
        let framed: [(String, String, String)] = [
            ("netstring", "5:hello;", "not what --framed promises: not a netstring: after 5 bytes stands \";\""),
            ("netstring", "5:hel", "the stream ended inside a message"),
            ("length", "\0\0\0\u{9}hel", "the stream ended inside a message"),
        ]
        for (framing, input, sentence) in framed {
            let result = try await site.client("clock", ["--framed", framing], input: input)
            #expect(result.status == .exited(65), "\(result.errors)")
            #expect(result.errors.contains(sentence), "\(result.errors)")
        }
    }

    // R: D5
    @Test("74: an output that takes nothing, an input that cannot be read, a message longer than the limit")
    func inputOutput() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        func run(_ command: String) async throws -> ManagedProcess.Result {
            try await ManagedProcess.run(
                "bash", ["-c", command, try BuiltProducts.longwire, site.url("echo"), site.folder.path])
        }
        let full = try await run("echo hello | \"$0\" \"$1\" >/dev/full")
        #expect(full.status == .exited(74), "\(full)")
        #expect(full.errors.contains("cannot write standard output: No space left"), "\(full)")
        let folder = try await run("\"$0\" \"$1\" <\"$2\"")
        #expect(folder.status == .exited(74) && folder.errors.contains("cannot read standard input: Is a directory"))
        let long = try await run("echo 12345678 | \"$0\" \"$1\" --message-limit 7")
        #expect(long.status == .exited(74) && long.errors.contains("a line of input is longer than 7 bytes"))
        let longText = try await run("echo '{\"text\":\"12345678\"}' | \"$0\" \"$1\" --message-limit 7 --json")
        #expect(longText.status == .exited(74), "\(longText.errors)")
        #expect(longText.errors.contains("a message of the input is longer than 7 bytes"), "\(longText.errors)")
    }

    // R: D4, D5
    @Test("129, 130, 143: a terminal that went away, and signals while connecting or a second time")
    func signals() async throws {
        let site = try await TerminalSite()
        let server = try await site.start()
        defer { server.stop() }
        let hungUp = try ManagedProcess(try BuiltProducts.longwire, ["connect", site.url("echo")], input: .pipe)
        try await hungUp.write("first\n")
        try await hungUp.waitForLine(containing: "first")
        hungUp.send(signal: SIGHUP)
        #expect(try await hungUp.waitUntilExit() == .exited(129))

        let silent = try await TerminalImpostor(nil, closes: false)
        for (signal, code) in [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)] {
            // While it connects, once is enough.
            let before = silent.connections
            let connecting = try ManagedProcess(try BuiltProducts.longwire, ["connect", silent.url], input: .pipe)
            try await eventually("it connects") { silent.connections > before }
            connecting.send(signal: signal)
            #expect(try await connecting.waitUntilExit() == .exited(code), "\(connecting.report)")
            #expect(connecting.errors?.text == "")

            // A server that does not answer the termination message: the second signal does not wait for it.
            let cutter = try await TCPCutter(target: site.port)
            let waiting = try ManagedProcess(
                try BuiltProducts.longwire, ["connect", "http://127.0.0.1:\(cutter.port)/longwire/echo"], input: .pipe)
            try await waiting.write("first\n")
            try await waiting.waitForLine(containing: "first")
            for direction in TCPCutter.Direction.allCases { try await cutter.pause(direction) }
            try await waiting.write("second\n")
            waiting.send(signal: signal)
            waiting.send(signal: signal)
            try await eventually("two signals in a row may be one") {
                waiting.send(signal: signal)
                return !waiting.isRunning
            }
            #expect(try await waiting.waitUntilExit() == .exited(code), "\(waiting.report)")
        }
    }
}
