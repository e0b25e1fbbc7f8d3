#if TLS
    import Foundation
    import LongwireTransport
    import NIOCore
    import TestSupport
    import Testing

    @testable import LongwireJWT
    @testable import LongwireServer

    /// JSON Web Tokens: who is let in, and who is not.
    @Suite(.timeLimit(.minutes(3))) struct JWTAccessTests {
        private static let bytes = (0..<64).map { UInt8($0 * 3 + 1) }

        private static func key(_ algorithm: String) async throws -> TestKey {
            switch algorithm {
            case "ES256": try await .curve("P-256")
            case "ES384": try await .curve("P-384")
            case "ES512": try await .curve("P-521")
            case "EdDSA": try await .edwards()
            case _ where algorithm.hasPrefix("HS"): try await .secret(bytes)
            default: try await .rsa()
            }
        }

        /// What a stranger is told, and what the log says.
        private static func refused(_ fault: TokenFault) -> AccessVerdict {
            .refused("the token is not valid", logged: fault.rawValue)
        }

        @Test(arguments: [
            "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384",
            "HS512",
        ])
        func aTokenThatAKeyOfTheSetSignedIsLetInUnderItsName(_ algorithm: String) async throws {
            let key = try await Self.key(algorithm)
            let other = try await Self.key(algorithm.hasPrefix("HS") ? "ES256" : "HS256")
            let site = try JWTSite([other.entry(["kid": "other"]), key.entry(["kid": "one", "alg": algorithm])])
            for head in [nil, #"{"typ":"JWT","kid":"one","alg":"\#(algorithm)"}"#] {
                let token = try key.token(algorithm, JWTSite.claims(), head: head)
                #expect(await site.verdict(token) == .allowed(principal: "ada"))
            }
            let stranger =
                try await algorithm.hasPrefix("HS") ? TestKey.secret(Self.bytes.reversed()) : Self.key(algorithm)
            #expect(await site.verdict(try stranger.token(algorithm, JWTSite.claims())) == Self.refused(.signature))
            let named = try key.token(algorithm, JWTSite.claims(), head: #"{"kid":"two","alg":"\#(algorithm)"}"#)
            #expect(await site.verdict(named) == Self.refused(.key))
        }

        @Test func aTokenCountsFromWhenToWhenItSaysWithTheLeewayOfClocks() async throws {
            let key = try await Self.key("ES256")
            let site = try JWTSite([key.entry()]) { $0.leeway = .seconds(5) }
            let begins = ",\"nbf\":\(Int(JWTSite.start) - 60)"
            let token = try key.token("ES256", JWTSite.claims(begins))
            let ada = AccessVerdict.allowed(principal: "ada")
            for (seconds, verdict) in [
                (-65.1, Self.refused(.early)), (-65, ada), (0, ada), (64.9, ada), (65, Self.refused(.expired)),
                (1e9, Self.refused(.expired)), (-65.1, Self.refused(.early)),
            ] {
                site.set(clock: JWTSite.start + seconds)
                #expect(await site.verdict(token) == verdict, "\(seconds)")
            }
        }

        @Test func whatATokenDoesNotSayKeepsItOut() async throws {
            let key = try await Self.key("ES256")
            let site = try JWTSite([key.entry()]) {
                $0.issuer = "https://login.example"
                $0.audiences = ["longwire", "chat"]
                $0.nameClaim = "email"
            }
            let exp = "\"exp\":\(Int(JWTSite.start) + 60)"
            let (iss, aud, email) = (
                #""iss":"https://login.example""#, #""aud":"longwire""#, #""email":"ada@example.org""#
            )
            func verdict(_ claims: [String]) async throws -> AccessVerdict {
                await site.verdict(try key.token("ES256", "{\(claims.joined(separator: ","))}"))
            }
            let ada = AccessVerdict.allowed(principal: "ada@example.org")
            #expect(try await verdict([exp, iss, aud, email]) == ada)
            #expect(try await verdict([exp, iss, #""aud":["x","chat"]"#, email]) == ada)
            for (claims, fault) in [
                ([iss, aud, email], TokenFault.noExpiry), (["\"exp\":null", iss, aud, email], .noExpiry),
                (["\"exp\":\"\(Int(JWTSite.start) + 60)\"", iss, aud, email], .claims),
                ([exp, aud, email], .issuer), ([exp, #""iss":"https://login.example/""#, aud, email], .issuer),
                ([exp, #""iss":["https://login.example"]"#, aud, email], .issuer),
                ([exp, iss, email], .audience), ([exp, iss, #""aud":[]"#, email], .audience),
                ([exp, iss, #""aud":["Longwire","x"]"#, email], .audience), ([exp, iss, #""aud":7"#, email], .claims),
                ([exp, iss, aud], .noName), ([exp, iss, aud, #""email":"""#], .noName),
                ([exp, iss, aud, #""email":5"#], .noName), ([exp, iss, aud, #""sub":"ada""#], .noName),
            ] { #expect(try await verdict(claims) == Self.refused(fault), "\(claims)") }
            // Nobody has said who we are: a token for somebody is for somebody else.
            let unnamed = try JWTSite([key.entry()])
            #expect(
                await unnamed.verdict(try key.token("ES256", JWTSite.claims(#","aud":"x""#)))
                    == Self.refused(.audience))
            #expect(
                await unnamed.verdict(try key.token("ES256", JWTSite.claims(#","iss":"x""#)))
                    == .allowed(principal: "ada"))
        }

        @Test func noTokenIsVerifiedInAnotherWayThanItsKeySays() async throws {
            let pem = try await TestKey.rsaPEM(2048)
            let rsa = try await TestKey.rsa()
            let curve = try await Self.key("ES256")
            let secret = try await Self.key("HS256")
            let site = try JWTSite([
                rsa.entry(["kid": "rsa", "alg": "RS256"]), curve.entry(["kid": "curve"]),
                secret.entry(["kid": "secret", "alg": "HS256"]),
            ])
            let claims = JWTSite.claims()
            // The public half of a key, in every form in which somebody could have it, as a secret.
            let modulus = rsa.fields["n"] ?? ""
            for known in [
                Array(modulus.utf8), Base64.urlDecoded(modulus) ?? [], Array(rsa.entry().utf8), Array(pem.utf8),
            ] {
                let forger = try await TestKey.secret(known)
                for name in ["rsa", "curve"] {
                    let head = #"{"alg":"HS256","kid":"\#(name)"}"#
                    #expect(await site.verdict(try forger.token("HS256", claims, head: head)) == Self.refused(.key))
                }
                #expect(await site.verdict(try forger.token("HS256", claims)) == Self.refused(.signature))
            }
            // Another algorithm of a key's own kind is another one too.
            #expect(await site.verdict(try rsa.token("PS256", claims)) == Self.refused(.key))
            #expect(await site.verdict(try rsa.token("RS512", claims)) == Self.refused(.key))
            #expect(await site.verdict(try secret.token("HS512", claims)) == Self.refused(.key))
            // Nothing at all in place of a signature.
            for name in ["none", "None", "NONE", "nOnE", "", "hs256", "ES256K", "RSA-OAEP"] {
                let part = TestKey.part(#"{"alg":"\#(name)"}"#) + "." + TestKey.part(claims)
                #expect(await site.verdict("\(part).") == Self.refused(.malformed))
                #expect(await site.verdict("\(part).AAAA") == Self.refused(.key))
            }
            for name in ["RS256", "ES256", "HS256"] {
                let part = TestKey.part(#"{"alg":"\#(name)"}"#) + "." + TestKey.part(claims)
                for count in [1, 31, 32, 33, 63, 64, 65, 255, 256, 257, 4000] {
                    let signature = Base64.urlEncoded([UInt8](repeating: 0, count: count))
                    #expect(await site.verdict("\(part).\(signature)") == Self.refused(.signature))
                }
            }
            // A key that the token brings along counts for nothing.
            let own = try await Self.key("ES256")
            for head in [
                #"{"alg":"ES256","jwk":\#(own.entry())}"#, #"{"alg":"ES256","jku":"https://evil.example/keys"}"#,
            ] { #expect(await site.verdict(try own.token("ES256", claims, head: head)) == Self.refused(.signature)) }
            let critical = #"{"alg":"ES256","crit":["b64"],"b64":false}"#
            #expect(await site.verdict(try curve.token("ES256", claims, head: critical)) == Self.refused(.critical))
        }

        @Test func garbageIsRefusedAndEndsNothing() async throws {
            let key = try await Self.key("ES256")
            let site = try JWTSite([key.entry()])
            let good = try key.token("ES256", JWTSite.claims())
            let deep = String(repeating: "[", count: 5000)
            var garbage = [
                "x", ".", "..", "...", "a.b.c", "a.b.c.d.e", "=.=.=", String(repeating: ".", count: 8000),
                String(repeating: "A", count: 8000), good + ".", good + "=", "." + good,
                "\(TestKey.part(deep)).\(TestKey.part("{}")).AAAA", "\(TestKey.part("{\"alg\":\(deep)")).AAAA.AAAA",
                "\(TestKey.part(#"{"alg":5}"#)).AAAA.AAAA", "\(TestKey.part(#"{"alg":"ES256","kid":5}"#)).AAAA.AAAA",
                "\(TestKey.part("\u{0}")).AAAA.AAAA", "\(Base64.urlEncoded([0xff, 0xfe, 0x7b, 0])).AAAA.AAAA",
                "\(TestKey.part(#"["ES256"]"#)).AAAA.AAAA",
            ]
            for claims in ["", "null", "[]", "5", "\"x\"", deep, "{", #"{"exp":1e999}"#, #"{"sub":"a","exp":true}"#] {
                garbage.append(try key.token("ES256", claims))
            }
            for token in garbage {
                guard case .refused("the token is not valid", _) = await site.verdict(token) else {
                    Issue.record("\(token.prefix(60)) was not refused")
                    continue
                }
            }
            #expect(await site.verdict(String(repeating: "A", count: 9000)) == Self.refused(.notBearer))
            #expect(await site.verdict(nil) == .missing)
            // Whatever is changed of a good one, it is good no more.
            var state: UInt64 = 0x9E37_79B9_7F4A_7C15
            func next(_ bound: Int) -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(state >> 33) % bound
            }
            let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.".utf8)
            for _ in 0..<2000 {
                var bytes = Array(good.utf8)
                let place = next(bytes.count)
                bytes[place] = letters[next(letters.count)]
                if next(4) == 0 { bytes.removeLast(next(bytes.count - 1)) }
                let token = String(decoding: bytes, as: UTF8.self)
                guard token != good else { continue }
                #expect(await site.verdict(token) != .allowed(principal: "ada"), "\(token)")
            }
            #expect(await site.verdict(good) == .allowed(principal: "ada"))
        }

        @Test func aTokenIsVerifiedOnceAndRememberedUntilItExpires() async throws {
            let key = try await Self.key("ES256")
            let site = try JWTSite([key.entry()]) { $0.leeway = .zero }
            let token = try key.token("ES256", JWTSite.claims())
            guard case .later = site.judge(token) else {
                Issue.record("it cannot be known yet")
                return
            }
            try await eventually("it is known at once") {
                let verdict = await site.verdict(token)
                #expect(verdict == .allowed(principal: "ada"))
                guard case .now = site.judge(token) else { return false }
                return true
            }
            site.set(clock: JWTSite.start + 60)
            #expect(await site.verdict(token) == Self.refused(.expired))
            // Keys that are gone take what they have verified along.
            site.set(clock: JWTSite.start)
            try site.write([])
            try await eventually("nobody is let in") { await site.verdict(token) == Self.refused(.key) }
        }

        @Test func whatOneWasLetInWithCountsUntilItExpiresWhileItsKeyIsThere() async throws {
            let (one, two) = (try await TestKey.curve("P-256"), try await TestKey.curve("P-256"))
            let site = try JWTSite([one.entry(["kid": "one"])]) { $0.leeway = .seconds(5) }
            // As it was verified, and as it is remembered.
            let token = try one.token("ES256", JWTSite.claims())
            let proofs = [try #require(await site.proof(token)), try #require(await site.proof(token))]
            func count(_ wanted: Bool, _ why: String) async {
                for proof in proofs { #expect(await proof.counts() == wanted, "\(why)") }
            }
            for (seconds, counts) in [(0, true), (64.9, true), (65, false), (1e9, false), (0, true)] {
                site.set(clock: JWTSite.start + seconds)
                await count(counts, "\(seconds)")
            }
            // What cannot be used leaves the keys of before; another key changes nothing; another of the same name does.
            try site.folder.write("{\"keys\": [", to: "keys.json")
            try await eventually("it is told") {
                await count(true, "half a file")
                return site.lines.contains { $0.contains("that of before stays") }
            }
            try site.write([two.entry(["kid": "two"]), one.entry(["kid": "one"])])
            try await eventually("it is read") {
                await count(true, "one more key")
                return site.lines.contains { $0.contains("key set changed") }
            }
            for left in [[two.entry(["kid": "one"])], [one.entry(["kid": "one", "use": "enc"]), two.entry()], []] {
                try site.write([one.entry(["kid": "one"])])
                try await eventually("it counts again") { await proofs[0].counts() }
                try site.write(left)
                try await eventually("the key is gone") { await !proofs[0].counts() }
                #expect(await !proofs[1].counts())
            }
        }

        @Test func tokensAreRememberedWithinABound() {
            let tokens = VerifiedTokens(capacity: 10)
            for number in 0..<100 {
                let ends: Double = number < 50 ? 1 : 1000
                tokens.add(
                    VerifiedToken(name: "\(number)", begins: 0, ends: ends, key: []), [UInt8(number)],
                    now: Double(number))
                #expect(tokens.count <= 10)
                #expect(tokens.token(of: [UInt8(number)], now: 0)?.name == "\(number)")
            }
            #expect(tokens.token(of: [99], now: 999)?.name == "99")
            #expect(tokens.token(of: [99], now: 1000) == nil)
            #expect(tokens.token(of: [99], now: -1) == nil)
        }
    }
#endif
