#if TLS
    import Foundation
    import JWTKit
    import LongwireTransport
    import TestSupport

    /// A key that signs tokens, and what a key set says of it.
    struct TestKey: Sendable {
        /// What signs, by the names of algorithms.
        let signers: [String: any JWTAlgorithm]
        /// The fields of its public half but `kid` and `alg`.
        let fields: [String: String]

        /// An entry of a set.
        func entry(_ more: [String: String] = [:]) -> String {
            let all = fields.merging(more) { $1 }.map { #""\#($0)":"\#($1)""# }.sorted()
            return "{\(all.joined(separator: ","))}"
        }

        func token(_ algorithm: String, _ claims: String, head: String? = nil) throws -> String {
            let signed = Self.part(head ?? #"{"alg":"\#(algorithm)"}"#) + "." + Self.part(claims)
            guard let signer = signers[algorithm] else { throw Unknown() }
            return signed + "." + Base64.urlEncoded(try signer.sign(Array(signed.utf8)))
        }

        struct Unknown: Error {}

        static func part(_ text: String) -> String { Base64.urlEncoded(Array(text.utf8)) }

        private static func url(_ text: String) -> String {
            text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        }

        // MARK: Kinds

        static func rsa() async throws -> TestKey {
            let key = try Insecure.RSA.PrivateKey(pem: try await rsaPEM(2048))
            let (modulus, exponent) = try key.publicKey.getKeyPrimitives()
            var signers: [String: any JWTAlgorithm] = [:]
            for (size, digest) in [("256", DigestAlgorithm.sha256), ("384", .sha384), ("512", .sha512)] {
                signers["RS\(size)"] = try await JWTKeyCollection().add(rsa: key, digestAlgorithm: digest).getKey()
                signers["PS\(size)"] = try await JWTKeyCollection().add(pss: key, digestAlgorithm: digest).getKey()
            }
            return TestKey(
                signers: signers,
                fields: ["kty": "RSA", "n": Base64.urlEncoded(modulus), "e": Base64.urlEncoded(exponent)])
        }

        /// A key that is too small for anything.
        static func small() async throws -> TestKey {
            let folder = try TemporaryFolder()
            let key = try folder.write(try await rsaPEM(1024), to: "key.pem")
            let text = try await ManagedProcess.mustRun("openssl", ["rsa", "-in", key, "-modulus", "-noout"])
            let digits = Array(text.split(separator: "=").last ?? "").filter(\.isHexDigit)
            let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
                UInt8(String(digits[$0..<min($0 + 2, digits.count)]), radix: 16)
            }
            return TestKey(signers: [:], fields: ["kty": "RSA", "n": Base64.urlEncoded(bytes), "e": "AQAB"])
        }

        static func rsaPEM(_ bits: Int) async throws -> String {
            try await ManagedProcess.mustRun(
                "openssl", ["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:\(bits)"])
        }

        static func curve(_ name: String) async throws -> TestKey {
            func key(_ algorithm: String, _ point: ECDSAParameters?, _ signer: any JWTAlgorithm) throws -> TestKey {
                guard let point else { throw Unknown() }
                return TestKey(
                    signers: [algorithm: signer],
                    fields: ["kty": "EC", "crv": name, "x": url(point.x), "y": url(point.y)])
            }
            switch name {
            case "P-256":
                let own = ES256PrivateKey()
                return try await key("ES256", own.parameters, JWTKeyCollection().add(ecdsa: own).getKey())
            case "P-384":
                let own = ES384PrivateKey()
                return try await key("ES384", own.parameters, JWTKeyCollection().add(ecdsa: own).getKey())
            default:
                let own = ES512PrivateKey()
                return try await key("ES512", own.parameters, JWTKeyCollection().add(ecdsa: own).getKey())
            }
        }

        static func edwards() async throws -> TestKey {
            let own = try EdDSA.PrivateKey(curve: .ed25519)
            return TestKey(
                signers: ["EdDSA": try await JWTKeyCollection().add(eddsa: own).getKey()],
                fields: ["kty": "OKP", "crv": "Ed25519", "x": Base64.urlEncoded(own.publicKey.rawRepresentation)])
        }

        static func secret(_ bytes: [UInt8]) async throws -> TestKey {
            var signers: [String: any JWTAlgorithm] = [:]
            for (size, digest) in [("256", DigestAlgorithm.sha256), ("384", .sha384), ("512", .sha512)] {
                signers["HS\(size)"] = try await JWTKeyCollection().add(
                    hmac: HMACKey(from: bytes), digestAlgorithm: digest
                )
                .getKey()
            }
            return TestKey(signers: signers, fields: ["kty": "oct", "k": Base64.urlEncoded(bytes)])
        }
    }
#endif
