#if TLS
    import Foundation
    import LongwireProtocol
    import LongwireTransport
    import NIOCore
    import TestSupport
    import Testing

    /// Known secrets go through everything, at the highest level of logging; then they are looked for wherever somebody
    /// who may not know them can read.
    @Suite("Secrets stay secret", .serialized, .timeLimit(.minutes(5)))
    struct SecretsTests {
        /// Secrets, and every text in which none of them may stand.
        private final class Search: Sendable {
            private let secrets = FlowBox<[(name: String, forms: [String])]>([])
            private let texts = FlowBox<[(name: String, text: String)]>([])

            /// A secret that is a text.
            func add(secret text: String, _ name: String) { add(secret: Array(text.utf8), name, text) }

            /// A secret in the forms in which bytes are written.
            func add(secret bytes: [UInt8], _ name: String, _ text: String? = nil) {
                let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                // Within other text the last characters of base64 depend on what follows.
                let base64 = [Base64.encoded(bytes), Base64.urlEncoded(bytes)].map { String($0.prefix(24)) }
                secrets.set(secrets.value + [(name, [text, hex, hex.uppercased()].compactMap(\.self) + base64)])
            }

            func add(text: String, _ name: String) { texts.set(texts.value + [(name, text)]) }

            /// Adds how a process was started and what it has written.
            func add(_ process: ManagedProcess, _ name: String) {
                add(text: process.errors?.text ?? "", "errors of \(name)")
            }

            func addArguments(of process: ManagedProcess, _ name: String) {
                let bytes = FileManager.default.contents(atPath: "/proc/\(process.pid)/cmdline") ?? Data()
                add(text: String(decoding: bytes, as: UTF8.self), "arguments of \(name)")
            }

            /// Where which secret stands.
            var finds: [String] {
                texts.value.flatMap { text in
                    secrets.value.flatMap { secret in
                        secret.forms.filter { text.text.contains($0) }.map { _ in "\(secret.name) in \(text.name)" }
                    }
                }
            }

            func hasText(_ part: String) -> Bool { texts.value.contains { $0.text.contains(part) } }
            var secretCount: Int { secrets.value.count }
        }

        /// The token in OPEN: 32 bytes behind the identifier and their number.
        private static func token(of open: OpenFrame) -> [UInt8]? {
            guard let identifier = open.identifier else { return nil }
            let digits = Array(identifier.description)
            let name = stride(from: 0, to: 32, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
            let bytes = Array(FrameEncoder.encoded(.open(open)).readableBytesView)
            guard let place = bytes.firstRange(of: name), bytes.count > place.upperBound + 32,
                bytes[place.upperBound] == 32
            else { return nil }
            return Array(bytes[(place.upperBound + 1)..<(place.upperBound + 33)])
        }

        @Test("The search finds a secret in each of the forms in which it may be written")
        func search() {
            let bytes = (0..<32).map { UInt8($0 * 7) }
            let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            let forms = ["a-secret-text-of-32-characters-xx", hex, hex.uppercased(), Base64.encoded(bytes)]
            for form in forms + [Base64.urlEncoded(bytes)] {
                let search = Search()
                search.add(secret: bytes, "it", "a-secret-text-of-32-characters-xx")
                search.add(text: "nothing", "a text")
                #expect(search.finds.isEmpty)
                search.add(text: "x=\(form);", "a text")
                #expect(!search.finds.isEmpty, "\(form)")
            }
        }

        @Test(
            "No secret is in a log, an error, a URL, a list or an argument, over every transport and in every failure")
        func everywhere() async throws {
            let search = Search()
            let folder = try TemporaryFolder()
            let certificates = try await Certificates()
            let (fastcgi, http, tcp) = (try FreePort.next(), try FreePort.next(), try FreePort.next())
            for name in ["ada", "eve"] {
                // eve's is in another file, so that it is wrong here.
                let token = try await ManagedProcess.mustRun(
                    try BuiltProducts.longwired, ["token", name, "--file", folder.path("tokens-\(name)")])
                try folder.write(token, to: "\(name).token")
                let text = token.trimmingCharacters(in: .whitespacesAndNewlines)
                search.add(secret: text, "the token of \(name)")
                search.add(text: folder.read("tokens-\(name)"), "the file of tokens")
            }
            let ada = ["--bearer-file", folder.path("ada.token")]
            let eve = ["--bearer-file", folder.path("eve.token")]
            let daemon = try ManagedProcess(
                try BuiltProducts.longwired,
                [
                    "--fastcgi", "127.0.0.1:\(fastcgi)", "--http", "127.0.0.1:\(http)", "--tcp", "127.0.0.1:\(tcp)",
                    "--tcp-certificate", certificates.certificate, "--tcp-key", certificates.key, "--log-level",
                    "trace",
                    "--access", "tokens:\(folder.path("tokens-ada"))", "--control", folder.path("control"),
                    "--servlet", "echo", "--servlet", "env=exec:env",
                ])
            try await daemon.waitForLine(containing: "serving")
            var options = NginxFixture.Options(mounts: [.init(to: .tcp(port: fastcgi))])
            options.certificates = certificates
            let nginx = try await NginxFixture(options)
            let tap = try await FlowTap(target: nginx.port)
            let tapped = "http://127.0.0.1:\(tap.port)/longwire/echo"
            let direct = "http://127.0.0.1:\(http)/longwire/echo"
            let trust = ["--ca", certificates.authority]
            let ways: [(String, [String])] = [
                (tapped, ["--transport", "duplex"]), (nginx.url("/longwire/echo"), ["--transport", "stream"]),
                (nginx.url("/longwire/echo"), ["--transport", "poll"]), (direct, ["--transport", "websocket"]),
                (direct, ["--transport", "tcp", "--tcp", "\(tcp)"]),
                (nginx.tlsURL("/longwire/echo"), trust + ["--transport", "tcp,duplex", "--tcp", "\(tcp)"]),
            ]
            for (url, flags) in ways {
                for (who, isRight) in [(ada, true), (eve, false), ([], false)] {
                    let name = "longwire \(flags.joined(separator: " ")) \(who.last ?? "without a token")"
                    let client = try ManagedProcess(
                        try BuiltProducts.longwire, ["connect", "--no-proxy", "-vv", url] + flags + who, input: .pipe)
                    search.addArguments(of: client, name)
                    if isRight {
                        try await client.write("hello\n")
                        try await eventually("\(name) is answered: \(client.report)") {
                            client.output?.text.contains("hello") == true
                        }
                        let list = try await ManagedProcess.mustRun(
                            try BuiltProducts.longwired, ["sessions", "--control", folder.path("control")])
                        #expect(list.contains("\"principal\":\"ada\""))
                        search.add(text: list, "the list of sessions")
                    }
                    client.closeInput()
                    let status = try await client.waitUntilExit()
                    #expect((status == .exited(0)) == isRight, "\(name): \(client.report)")
                    search.add(client, name)
                }
            }
            for event in tap.log.events {
                guard case .frame(.open(let open)) = event.what, let token = Self.token(of: open) else { continue }
                search.add(secret: token, "the token of a session")
            }
            #expect(search.secretCount > 2)
            // Any HTTP client, with a secret of its own and the key that it is given.
            let secret = "plain-\(AccessSecret.random)"
            search.add(secret: secret, "the secret of a plain session")
            try folder.write(
                "Authorization: Bearer \(folder.read("ada.token"))Longwire-Token: \(secret)\nAccept: text/event-stream\n",
                to: "fields")
            let curl = try ManagedProcess(
                "curl", ["-sN", "--noproxy", "*", "-H", "@\(folder.path("fields"))", nginx.url("/longwire/echo")])
            try await eventually("the stream has begun") { curl.output?.text.contains("\"resume\"") == true }
            search.addArguments(of: curl, "curl")
            let opened = curl.output?.text ?? ""
            search.add(
                secret: String(opened.components(separatedBy: "\"resume\":\"")[1].prefix { $0 != "\"" }),
                "the key of a plain session")
            let program = try await ManagedProcess.run(
                try BuiltProducts.longwire, ["connect", "--no-proxy", nginx.url("/longwire/env")] + ada)
            search.add(text: program.output, "the environment of a program")
            #expect(program.output.contains("REMOTE_USER=ada"))
            // What goes wrong: no trust, no longwired behind the web server, no web server.
            search.addArguments(of: daemon, "longwired")
            for url in [
                nginx.tlsURL("/longwire/echo"), "https://127.0.0.1:\(http)/", "http://127.0.0.1:\(tcp)/longwire/echo",
            ] {
                let result = try await ManagedProcess.run(
                    try BuiltProducts.longwire, ["connect", "--no-proxy", "-vv", url, "--timeout", "2s"] + ada)
                #expect(result.status != .exited(0))
                search.add(text: result.errors, "errors at \(url)")
            }
            let cut = try ManagedProcess(
                try BuiltProducts.longwire, ["connect", "--no-proxy", "-vv", tapped, "--reconnect-limit", "1"] + ada,
                input: .pipe)
            try await cut.write("hello\n")
            try await eventually("it is answered") { cut.output?.text.contains("hello") == true }
            daemon.kill()
            try await daemon.waitUntilExit()
            try await cut.waitUntilExit()
            search.add(cut, "longwire after longwired was killed")
            search.add(daemon, "longwired")
            curl.stop()
            search.add(text: nginx.log, "the logs of nginx")
            try await nginx.stop()
            let finds = search.finds
            #expect(finds.isEmpty, "\(finds.joined(separator: "\n"))")
            // The search can find: what is no secret is there.
            #expect(search.hasText("ada.token") && search.hasText("not let in") && search.hasText("session="))
        }
    }

    /// A secret such as a plain client makes.
    private enum AccessSecret {
        static var random: String { Base64.urlEncoded((0..<24).map { _ in UInt8.random(in: 0...255) }) }
    }
#endif
