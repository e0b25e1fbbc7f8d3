#if TLS
    import Foundation
    import Logging
    import TestSupport
    import Testing

    @testable import LongwireJWT
    @testable import LongwireServer

    /// The file of keys, and what becomes of it while longwired runs.
    @Suite(.timeLimit(.minutes(3))) struct KeySetTests {
        private static func complaint(_ text: String) throws -> String? {
            let folder = try TemporaryFolder()
            try folder.write(text, to: "keys.json")
            do {
                _ = try JWTAccess(keys: folder.path("keys.json"), logger: .init(label: "test"))
                return nil
            } catch {
                return "\(error)"
            }
        }

        @Test func aFileWithoutAKeyOfUseIsRefusedInASentence() async throws {
            let curve = try await TestKey.curve("P-256")
            let small = try await TestKey.small()
            for (text, sentence) in [
                ("", "is no JSON Web Key Set"), ("[]", "is no JSON Web Key Set"), ("{}", "is no JSON Web Key Set"),
                ("{\"keys\":{}}", "is no JSON Web Key Set"), (curve.entry(), "is no JSON Web Key Set"),
                (JWTSite.set(["5"]), "key 1: it is no key"),
                (JWTSite.set([#"{"kty":"EC"}"#]), "kty or crv is not known"),
                (JWTSite.set([#"{"kty":"AKP","pub":"x"}"#]), "kty or crv is not known"),
                (JWTSite.set([#"{"kty":"RSA","n":"AQAB"}"#]), "incomplete or wrong"),
                (JWTSite.set([small.entry()]), "RSA keys need 2048 bits"),
                (JWTSite.set([curve.entry(["x": "AAAA"])]), "incomplete or wrong"),
                (JWTSite.set([curve.entry(["y": curve.fields["x"] ?? ""])]), "incomplete or wrong"),
                (JWTSite.set([#"{"kty":"OKP","crv":"Ed25519","x":"AAAA"}"#]), "incomplete or wrong"),
                (JWTSite.set([curve.entry(["alg": "RS256"])]), "its alg is none"),
                (JWTSite.set([curve.entry(["alg": "none"])]), "its alg is none"),
                (JWTSite.set([#"{"kty":"oct","k":"c2VjcmV0"}"#]), "no secret of 32 bytes"),
                (
                    JWTSite.set([#"{"kty":"oct","k":"\#(String(repeating: "A", count: 43))","alg":"HS512"}"#]),
                    "of 64 bytes"
                ),
                (JWTSite.set([curve.entry(["use": "enc"])]), "holds no key that can verify a token"),
            ] {
                let complaint = try Self.complaint(text) ?? "no complaint"
                #expect(complaint.contains(sentence), "\(text): \(complaint)")
                #expect(!complaint.contains(curve.fields["x"] ?? "?"))
            }
            #expect(throws: ConfigurationError.self) {
                _ = try JWTAccess(keys: "/nonexistent/keys.json", logger: .init(label: "test"))
            }
            #expect(try Self.complaint(JWTSite.set([])) == nil)
        }

        @Test func aKeyThatIsOfNoUseSpoilsNoOther() async throws {
            let (one, two) = (try await TestKey.curve("P-256"), try await TestKey.edwards())
            let site = try JWTSite([
                #"{"kty":"AKP"}"#, "[]", one.entry(["kid": "a", "use": "enc"]), one.entry(["kid": "b", "d": "AAAA"]),
                two.entry(["kid": "c", "use": "sig"]), #"{"kty":5}"#,
            ])
            let ada = AccessVerdict.allowed(principal: "ada")
            #expect(await site.verdict(try one.token("ES256", JWTSite.claims())) == ada)
            #expect(await site.verdict(try two.token("EdDSA", JWTSite.claims())) == ada)
            let encrypts = try one.token("ES256", JWTSite.claims(), head: #"{"alg":"ES256","kid":"a"}"#)
            #expect(await site.verdict(encrypts) != ada)
            let places = site.lines.filter { $0.hasPrefix("warning something is wrong with a key") }
            #expect(places.count == 4, "\(site.lines)")
            #expect(places.contains { $0.contains("key=4") && $0.contains("private half") })
        }

        @Test func keysChangeWhileItRunsAndABrokenFileLeavesThoseOfBefore() async throws {
            let (one, two) = (try await TestKey.curve("P-256"), try await TestKey.curve("P-384"))
            let site = try JWTSite([one.entry(["kid": "one"])])
            let first = try one.token("ES256", JWTSite.claims())
            let second = try two.token("ES384", JWTSite.claims(name: "bob"))
            let (ada, bob) = (AccessVerdict.allowed(principal: "ada"), AccessVerdict.allowed(principal: "bob"))
            #expect(await site.verdict(first) == ada)
            #expect(await site.verdict(second) != bob)
            // Both for a while, as keys are changed without a gap.
            try site.write([one.entry(["kid": "one"]), two.entry(["kid": "two"])])
            try await eventually("the new key counts") { await site.verdict(second) == bob }
            #expect(await site.verdict(first) == ada)
            try site.write([two.entry(["kid": "two"])])
            try await eventually("the old one counts no more") { await site.verdict(first) != ada }
            #expect(site.lines.filter { $0.contains("key set changed") }.count == 2)
            // Half a file, nothing, and no file.
            for text in [String(JWTSite.set([one.entry()]).dropLast(9)), "", JWTSite.set(["{}"]), nil] {
                let before = site.lines.count
                if let text {
                    try site.folder.write(text, to: "keys.json")
                } else {
                    try FileManager.default.removeItem(atPath: site.folder.path("keys.json"))
                }
                try await eventually("it is told") {
                    #expect(await site.verdict(second) == bob)
                    return site.lines.dropFirst(before).contains { $0.contains("that of before stays") }
                }
            }
            let told = site.lines.count
            try site.write([one.entry()])
            try await eventually("the good file counts") { await site.verdict(first) == ada }
            #expect(await site.verdict(second) != bob)
            #expect(site.lines.count == told + 1, "a file that stays away is told once: \(site.lines)")
            // All keys taken away: that is no accident.
            try site.write([])
            try await eventually("nobody is let in") { await site.verdict(first) != ada }
            #expect(site.lines.last?.contains("nobody is let in") == true)
            for secret in [first, second, one.fields["x"] ?? "", two.fields["y"] ?? ""] {
                #expect(!site.lines.contains { $0.contains(secret) })
            }
        }
    }
#endif
