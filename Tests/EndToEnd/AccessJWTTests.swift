#if TLS
    import Foundation
    import TestSupport
    import Testing

    /// JSON Web Tokens that another program made, through nginx, before a longwired that has the public keys.
    @Suite("JSON Web Tokens", .serialized, .timeLimit(.minutes(4)))
    struct AccessJWTTests {
        /// longwired with a key set behind nginx, and everything that must not be written anywhere.
        private final class Site: Sendable {
            let folder: TemporaryFolder
            let daemon: ManagedProcess
            let nginx: NginxFixture

            init(_ keys: [String], flags: [String] = []) async throws {
                folder = try TemporaryFolder()
                let port = try FreePort.next()
                try Self.write(keys, folder)
                daemon = try ManagedProcess(
                    try BuiltProducts.longwired,
                    [
                        "--fastcgi", "127.0.0.1:\(port)", "--control", folder.path("control"), "--log-level", "trace",
                        "--access", "jwt:\(folder.path("keys.json"))", "--jwt-issuer", "https://login.example",
                        "--jwt-audience", "longwire", "--servlet", "echo",
                        "--servlet", "who=exec:sh -c 'echo I am $REMOTE_USER; cat'",
                    ] + flags)
                try await daemon.waitForLine(containing: "serving")
                nginx = try await NginxFixture(to: .tcp(port: port))
            }

            private static func write(_ keys: [String], _ folder: TemporaryFolder) throws {
                try folder.write("{\"keys\": [\(keys.joined(separator: ",\n"))]}\n", to: "keys.json")
            }

            func write(_ keys: [String]) throws { try Self.write(keys, folder) }

            var log: String { daemon.errors?.text ?? "" }

            /// The arguments of a client that brings the token of a file.
            func arguments(_ servlet: String, _ token: String, file: String = "token", _ flags: [String] = []) throws
                -> [String]
            {
                let path = try folder.write(token + "\n", to: file)
                return ["connect", "--no-proxy", "-vv", "--bearer-file", path, nginx.url("/longwire/\(servlet)")]
                    + flags
            }

            func client(_ token: String) async throws -> ManagedProcess.Result {
                try await ManagedProcess.run(
                    try BuiltProducts.longwire, try arguments("who", token), input: "hello\n")
            }

            /// The whole answer to curl.
            func answer(_ token: String) async throws -> String {
                let path = try folder.write("Authorization: Bearer \(token)\n", to: "fields")
                return try await ManagedProcess.mustRun(
                    "curl", ["-si", "--noproxy", "*", "-H", "@\(path)", nginx.url("/longwire/echo")])
            }

            func stop() async throws {
                try await nginx.stop()
                daemon.stop()
            }
        }

        @Test("A token of a key in the set is let in under its name, and of what is wrong only the log tells")
        func tokens() async throws {
            let issuer = try JWTIssuer()
            let algorithms = ["RS256", "ES256", "EdDSA"]
            var keys: [String] = []
            for algorithm in algorithms { keys.append(try await issuer.key(algorithm, algorithm)) }
            let site = try await Site(keys)
            var secrets: [String] = []
            for algorithm in algorithms {
                let token = try await issuer.token(algorithm, algorithm)
                let result = try await site.client(token)
                #expect(result.output == "I am ada\nhello\n", "\(algorithm): \(result.errors)")
                secrets.append(token)
                #expect(!result.errors.contains(token))
            }
            let none = try await ManagedProcess.mustRun(
                "curl", ["-si", "--noproxy", "*", site.nginx.url("/longwire/echo")])
            #expect(none.hasPrefix("HTTP/1.1 401") && !none.contains("invalid_token"))
            _ = try await issuer.key("stranger", "ES256")
            let bad: [(String, String)] = [
                (try await issuer.token("ES256", "ES256", seconds: -31), "the token has expired"),
                (
                    try await issuer.token("ES256", "ES256", ["nbf": Int(Date().timeIntervalSince1970) + 300]),
                    "the token is not valid yet"
                ),
                (try await issuer.token("ES256", "ES256", ["iss": "https://evil.example"]), "another issuer"),
                (try await issuer.token("ES256", "ES256", ["aud": "other"]), "another audience"),
                (try await issuer.token("stranger", "ES256"), "no key of that name"),
                (try await issuer.token("RS256", "HS256"), "no key of that name for that algorithm"),
                (try await issuer.token("RS256", "none"), "no signed JSON Web Token"),
                (secrets[1].dropLast(8) + "AAAAAAAA", "the signature of the token is wrong"),
            ]
            for (token, reason) in bad {
                let answer = try await site.answer(token)
                #expect(answer.hasPrefix("HTTP/1.1 401"), "\(reason): \(answer)")
                #expect(answer.contains("WWW-Authenticate: Bearer realm=\"longwire\", error=\"invalid_token\""))
                #expect(answer.contains("The token is not valid.") && !answer.contains(reason), "\(answer)")
                #expect(site.log.contains(reason), "\(reason)")
                secrets.append(token)
            }
            // After that many failures of one address only those who are let in are told more than to wait.
            var statuses: [Substring] = []
            for _ in 1...6 { statuses.append(try await site.answer("x.y.z").dropFirst(9).prefix(3)) }
            #expect(statuses.last == "429", "\(statuses)")
            #expect(try await site.client(secrets[0]).output == "I am ada\nhello\n")
            // Of a token the last part is what makes it one.
            for secret in secrets {
                let part = String(secret.split(separator: ".").last ?? "?")
                #expect(!site.log.contains(part) && !site.nginx.log.contains(part))
            }
            try await site.stop()
        }

        @Test("Keys change while sessions go on: each transaction, also one that lasts, needs a key of the set")
        func rotation() async throws {
            let issuer = try JWTIssuer()
            let one = try await issuer.key("one", "ES256")
            let two = try await issuer.key("two", "RS256")
            let site = try await Site([one])
            let (old, new) = (try await issuer.token("one", "ES256"), try await issuer.token("two", "RS256"))
            func session(_ file: String, _ transport: String) async throws -> ManagedProcess {
                let flags = ["--transport", transport]
                return try ManagedProcess(
                    try BuiltProducts.longwire, try site.arguments("echo", old, file: file, flags), input: .pipe)
            }
            func echoes(_ client: ManagedProcess, _ text: String) async throws {
                try await client.write(text + "\n")
                try await eventually("\(text) is answered: \(client.report)") {
                    client.output?.text.contains(text) == true
                }
            }
            let polls = try await session("polls", "poll")
            let streams = try await session("streams", "duplex")
            try await echoes(polls, "first")
            try await echoes(streams, "first")
            // Half a file changes nothing.
            try site.folder.write("{\"keys\": [", to: "keys.json")
            try await eventually("it is told") {
                let answer = try await site.answer(old)
                #expect(answer.hasPrefix("HTTP/1.1 200"))
                return site.log.contains("the new key set cannot be used, that of before stays")
            }
            try site.write([one, two])
            try await eventually("the new key counts") { try await site.answer(new).hasPrefix("HTTP/1.1 200") }
            try site.folder.write(new, to: "polls")
            for number in 1...5 { try await echoes(polls, "between \(number)") }
            #expect(streams.errors?.text.contains("reconnecting") == false, "\(streams.report)")
            try site.folder.write(new, to: "streams")
            try site.write([two])
            // 401 at first, and 429 when that was too often.
            try await eventually("the old key counts no more") { try await site.answer(old).hasPrefix("HTTP/1.1 4") }
            try await echoes(polls, "with the new token")
            try await eventually("its line is cut: \(streams.report)") {
                streams.errors?.text.contains("reconnecting") == true
            }
            try await echoes(streams, "on the next line")
            for client in [polls, streams] {
                client.closeInput()
                #expect(try await client.waitUntilExit() == .exited(0), "\(client.report)")
            }
            try await site.stop()
        }

        @Test("A token that expires ends its lines and opens none, and the session goes on with a new one")
        func expiry() async throws {
            let issuer = try JWTIssuer()
            let site = try await Site(
                [try await issuer.key("one", "ES256")], flags: ["--jwt-leeway", "0s", "--hold", "1s"])
            let short = try await issuer.token("one", "ES256", seconds: 8)
            let streams = try ManagedProcess(
                try BuiltProducts.longwire,
                try site.arguments("echo", short, file: "streams", ["--transport", "duplex"]), input: .pipe)
            let polls = try ManagedProcess(
                try BuiltProducts.longwire,
                try site.arguments("echo", short, file: "polls", ["--transport", "poll"]), input: .pipe)
            for client in [streams, polls] {
                try await client.write("hello\n")
                try await eventually("it is answered: \(client.report)") {
                    client.output?.text.contains("hello") == true
                }
            }
            try await eventually("a request was refused") { site.log.contains("the token has expired") }
            #expect(try await site.answer(short).hasPrefix("HTTP/1.1 4"))
            try await eventually("the line that is open is cut: \(streams.report)") {
                streams.errors?.text.contains("reconnecting") == true
            }
            // A new token in the file is enough for the session to go on.
            let next = try await issuer.token("one", "ES256")
            for (client, file) in [(streams, "streams"), (polls, "polls")] {
                try await client.write("later\n")
                try site.folder.write(next, to: file)
                try await eventually(within: .seconds(60), "it goes on with the new token: \(client.report)") {
                    client.output?.text.contains("later") == true
                }
            }
            for client in [streams, polls] {
                client.closeInput()
                #expect(try await client.waitUntilExit() == .exited(0), "\(client.report)")
            }
            try await site.stop()
        }
    }
#endif
