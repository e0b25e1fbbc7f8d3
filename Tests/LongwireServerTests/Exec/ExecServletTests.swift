import Foundation
import HTTPTypes
import LongwireClient
import Logging
import LongwireProtocol
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

@testable import LongwireServer

/// What programs get, and what they give.
@Suite("A program as a servlet", .timeLimit(.minutes(2))) struct ExecServletTests {
    @Test("Every framing carries messages of every kind both ways", arguments: ProgramFraming.allCases)
    func framings(framing: ProgramFraming) async throws {
        let site = try await ExecSite(command: ["cat"]) { $0.framing = framing }
        var sent = [Message("text"), Message(ByteBuffer(bytes: [0xff, 0, 0xfe])), Message(""), Message("grüße")]
        if framing != .lines { sent.append(Message("two\nlines")) }
        sent.append(Message(String(repeating: "y", count: 200_000)))
        let (messages, ending) = try await site.talk(sent)
        #expect(ending.code == .done)
        if framing == .bytes {
            let all = messages.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1.payload) }
            #expect(all == sent.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1.payload) })
        } else {
            #expect(messages == sent)
        }
        try await site.stop()
    }

    @Test("A program that speaks first and unasked is heard at once")
    func speaksFirst() async throws {
        let site = try await ExecSite("echo hello; read -r name; echo \"$name!\"; read -r more")
        let session = try await site.connect()
        var messages = session.messages.makeAsyncIterator()
        #expect(try await messages.next()?.text == "hello")
        try await session.send("Ada")
        #expect(try await messages.next()?.text == "Ada!")
        await session.close()
        try await site.stop()
    }

    @Test("Its environment is CGI's, its session's and what was configured; and nothing of the server's own")
    func environment() async throws {
        setenv("LONGWIRE_TEST_SECRET", "of the server", 1)
        let site = try await ExecSite(command: ["env", "-0"]) {
            $0.environment["GREETING"] = "hello"
            $0.framing = .bytes
        }
        var configuration = ClientConfiguration()
        configuration.headerFields = [
            ("Authorization", "Basic c2VjcmV0"), ("Proxy-Authorization", "Basic c2VjcmV0"), ("Cookie", "a=1"),
            ("Proxy", "http://evil.example"), ("X-Custom", "one"), ("X_Custom", "forged"),
        ]
        let session = try await site.server.connect("program?room=a%20b", configuration)
        let text = try await session.rest().messages.map(\.text).joined()
        let variables = Dictionary(
            uniqueKeysWithValues: text.split(separator: "\0").map { line in
                (String(line.prefix { $0 != "=" }), String(line.drop { $0 != "=" }.dropFirst()))
            })
        let port = "\(site.server.port)"
        let expected = [
            "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST", "SERVER_PROTOCOL": "HTTP/1.1",
            "SCRIPT_NAME": "/longwire/program", "PATH_INFO": "", "REMOTE_ADDR": "127.0.0.1",
            "SERVER_NAME": "127.0.0.1", "SERVER_PORT": port, "SERVER_ADDR": "127.0.0.1",
            "SERVER_SOFTWARE": "longwire", "REQUEST_SCHEME": "http", "HTTP_HOST": "127.0.0.1:\(port)",
            "LONGWIRE_SESSION": "\(session.identifier)", "GREETING": "hello", "FOLDER": site.folder.path,
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HTTP_X_CUSTOM": "one",
            "HTTP_COOKIE": "a=1",
        ]
        for (name, value) in expected { #expect(variables[name] == value, "\(name)") }
        #expect(variables["QUERY_STRING"]?.hasPrefix("room=a%20b&session=") == true)
        #expect(variables["REQUEST_URI"]?.hasPrefix("/longwire/program?room=a%20b&session=") == true)
        let others: Set = [
            "QUERY_STRING", "REQUEST_URI", "REMOTE_PORT", "HTTP_ACCEPT", "HTTP_CACHE_CONTROL", "HTTP_INCREMENTAL",
            "HTTP_USER_AGENT",
        ]
        #expect(Set(variables.keys) == Set(expected.keys).union(others))
        #expect(
            !text.contains("secret") && !text.contains("c2VjcmV0") && !text.contains("evil") && !text.contains("forged")
        )
        try await site.stop()
    }

    @Test("Secrets of every transport stay out of the environment, and what the web server says is in it")
    func secrets() throws {
        var fields = HTTPFields()
        for name in [
            "Longwire-Token", "Longwire-Open", "Authorization", "Proxy-Authorization", "Proxy", "Content-Type",
        ] {
            fields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: "secret"))
        }
        for value in ["a=1", "b=2"] { fields.append(HTTPField(name: .cookie, value: value)) }
        for value in ["de", "en"] { fields.append(HTTPField(name: .acceptLanguage, value: value)) }
        var random = SystemRandomNumberGenerator()
        let session = SessionIdentifier.random(using: &random)
        let request = SessionRequest(
            servlet: "rooms/lobby", principal: "ada", remoteAddress: "192.0.2.1",
            head: HTTPRequest(
                method: .get, scheme: "http", authority: "[2001:db8::1]:8080", path: "/lw/rooms/lobby",
                headerFields: fields),
            mountPath: "/lw", variables: [("SERVER_PORT", "8080"), ("HTTPS", "on"), ("LD_PRELOAD", "evil")])
        let variables = ProgramEnvironment.variables(of: request, session: session, configured: ["PATH": "/bin"])
        #expect(
            variables == [
                "GATEWAY_INTERFACE": "CGI/1.1", "LONGWIRE_SESSION": "\(session)", "PATH": "/bin", "PATH_INFO": "",
                "REQUEST_METHOD": "GET", "SCRIPT_NAME": "/lw/rooms/lobby", "SERVER_SOFTWARE": "longwire",
                "SERVER_PORT": "8080", "HTTPS": "on", "SERVER_NAME": "[2001:db8::1]", "REMOTE_ADDR": "192.0.2.1",
                "REMOTE_USER": "ada", "REQUEST_URI": "/lw/rooms/lobby", "QUERY_STRING": "",
                "HTTP_HOST": "[2001:db8::1]:8080", "HTTP_COOKIE": "a=1; b=2", "HTTP_ACCEPT_LANGUAGE": "de, en",
            ])
    }

    @Test("It has three descriptors, default signals, none blocked, its own group, and the usual limit on descriptors")
    func process() async throws {
        FileLimit.raise()
        // The limit is set before the program is given its first byte.
        let site = try await ExecSite(
            "read -r go; ls /proc/self/fd >$FOLDER/fds; ulimit -Sn; grep -E 'SigBlk|SigIgn' /proc/self/status; "
                + "cut -d' ' -f5 /proc/$$/stat; echo $$")
        let lines = try await site.talk([Message("go")]).messages.map(\.text)
        try #require(lines.count == 5)
        // The fourth is the folder that ls reads.
        #expect(site.folder.read("fds") == "0\n1\n2\n3\n")
        #expect(lines[0] == "1024")
        #expect(lines[1] == "SigBlk:\t0000000000000000")
        // 32 and 33 are the C library's own, and are as this process got them.
        let ignored = try #require(UInt64(lines[2].split(separator: "\t").last ?? "", radix: 16))
        #expect(ignored & 0x7fff_ffff == 0)
        #expect(lines[3] == lines[4])
        try await site.stop()
    }

    @Test("It runs where it was told to")
    func workingDirectory() async throws {
        let folder = try TemporaryFolder()
        try folder.write("#!/bin/sh\npwd\n", to: "where")
        #expect(chmod(folder.path("where"), 0o755) == 0)
        let site = try await ExecSite(command: ["./where"]) { $0.workingDirectory = folder.path }
        #expect(try await site.talk().messages.map(\.text) == [folder.path])
        try await site.stop()
    }

    @Test("What it writes to its standard error is in the log, line by line, with session and servlet")
    func standardError() async throws {
        let site = try await ExecSite(
            "echo one >&2; printf 'a\\033[31mb\\n' >&2; printf unfinished >&2; "
                + "head -c 5000 /dev/zero | tr '\\0' x >&2")
        let session = try await site.connect()
        let ending = try await session.rest().ending
        #expect(ending.code == .done)
        let lines = site.log.withLockedValue { $0.filter { $0.hasPrefix("stderr: ") } }
        let tail = " servlet=program session=\(session.identifier)"
        let long = "unfinished" + String(repeating: "x", count: 4086)
        #expect(
            lines == [
                "stderr: one" + tail, "stderr: a\\u{1b}[31mb" + tail, "stderr: " + long + tail,
                "stderr: " + String(repeating: "x", count: 914) + tail,
            ])
        try await site.stop()
    }

    @Test(
        "What cannot be run is said before anybody waits for it",
        arguments: [
            (["/no/such/program"], "/no/such/program cannot be run: no such file or directory"),
            (["no-such-program"], "no-such-program cannot be run: no such file in /usr/local/sbin"),
            (["/etc/passwd"], "/etc/passwd cannot be run: it is not executable; chmod +x makes it so"),
            (["/usr/bin"], "/usr/bin cannot be run: it is not a file"), ([], "the command is empty"),
            ([""], "the command is empty"),
        ])
    func cannotRun(command: [String], why: String) {
        // Root may execute nothing either that is executable for nobody.
        let error = #expect(throws: ConfigurationError.self) {
            try ExecServlet(ExecConfiguration(command: command), logger: Logger(label: "test"))
        }
        #expect(error?.description.contains(why) == true, "\(error.map { "\($0)" } ?? "none")")
    }

    @Test("Limits and names that cannot work are refused with a sentence")
    func badLimits() {
        func refusal(_ change: (inout ExecConfiguration) -> Void) -> String {
            var configuration = ExecConfiguration(command: ["cat"])
            change(&configuration)
            do { _ = try ExecServlet(configuration, logger: Logger(label: "test")) } catch { return "\(error)" }
            return "accepted"
        }
        #expect(refusal { $0.processLimit = 0 }.contains("must be at least 1"))
        #expect(refusal { $0.runTime = .seconds(-1) }.contains("0 (no limit) or more"))
        #expect(refusal { $0.outputLimit = -1 }.contains("0 (no limit) or more"))
        #expect(refusal { $0.grace = .zero }.contains("the grace more than 0"))
        #expect(refusal { $0.environment["A=B"] = "" }.contains("cannot be the name"))
        #expect(refusal { $0.workingDirectory = "/no/such/folder" }.contains("is no folder"))
        #expect(refusal { _ in } == "accepted")
    }

    @Test(
        "A command line is split as a shell splits it, and nothing else happens to it",
        arguments: [
            ("cat", ["cat"]), ("  cat  -u\t-n ", ["cat", "-u", "-n"]),
            ("a 'b c' \"d e\" f\\ g", ["a", "b c", "d e", "f g"]),
            ("a ''", ["a", ""]), ("a b'c'\"d\"e", ["a", "bcde"]), (#"a "\"\\\n" '\'"#, ["a", #""\\n"#, "\\"]),
            ("a $HOME * ~ | ; & > x `y`", ["a", "$HOME", "*", "~", "|", ";", "&", ">", "x", "`y`"]),
            ("grüße 'ä ö'", ["grüße", "ä ö"]),
        ])
    func words(line: String, words: [String]) throws {
        #expect(try ExecConfiguration(parsing: line).command == words)
    }

    @Test("A command line that does not end is refused", arguments: ["", "  ", "a 'b", "a \"b", "a \\", "''"])
    func badWords(line: String) {
        #expect(throws: ConfigurationError.self) { try ExecConfiguration(parsing: line) }
    }
}
