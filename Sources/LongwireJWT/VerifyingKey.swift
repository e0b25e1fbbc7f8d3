#if TLS
    internal import JWTKit
    internal import LongwireTransport

    /// A key of a set, and the algorithms that it is for: those of its own kind alone, whatever a token says.
    struct VerifyingKey: Sendable {
        let name: String?
        let algorithms: [String]
        /// Another one for every key that differs in anything that counts.
        let print: [UInt8]
        private let material: Material

        private enum Material: Sendable {
            case rsa(Insecure.RSA.PublicKey)
            case p256(ES256PublicKey)
            case p384(ES384PublicKey)
            case p521(ES512PublicKey)
            case ed25519(EdDSA.PublicKey)
            case secret(HMACKey)
        }

        /// Why a key is of no use.
        struct Complaint: Error { let sentence: String }

        /// The key that an entry describes; nil where it is for something else than signatures.
        init?(_ entry: KeyEntry) throws(Complaint) {
            guard entry.use ?? "sig" == "sig", entry.operations?.contains("verify") ?? true else { return nil }
            let (material, kinds) = try Self.material(entry)
            guard entry.algorithm.map({ kinds.contains($0) }) ?? true else {
                throw Complaint(sentence: "its alg is none that a key of its kind can verify here")
            }
            self.material = material
            name = entry.name
            algorithms = entry.algorithm.map { [$0] } ?? kinds
            print = entry.print
        }

        /// The public half, and everything that it can verify.
        private static func material(_ entry: KeyEntry) throws(Complaint) -> (Material, [String]) {
            do {
                switch (entry.kind, entry.curve) {
                case ("RSA", _):
                    let key = try Insecure.RSA.PublicKey(modulus: entry.modulus ?? "", exponent: entry.exponent ?? "")
                    return (.rsa(key), ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
                case ("EC", "P-256"): return (.p256(try ES256PublicKey(parameters: entry.point)), ["ES256"])
                case ("EC", "P-384"): return (.p384(try ES384PublicKey(parameters: entry.point)), ["ES384"])
                case ("EC", "P-521"): return (.p521(try ES512PublicKey(parameters: entry.point)), ["ES512"])
                case ("OKP", "Ed25519"):
                    return (.ed25519(try EdDSA.PublicKey(x: entry.point.x, curve: .ed25519)), ["EdDSA"])
                case ("oct", _): return try secret(entry)
                default: break
                }
            } catch let complaint as Complaint {
                throw complaint
            } catch {
                throw Complaint(sentence: "it is incomplete or wrong; RSA keys need 2048 bits or more")
            }
            throw Complaint(sentence: "its kty or crv is not known here")
        }

        /// A secret has an algorithm of its own, and must be as long as what it makes (RFC 7518, section 3.2).
        private static func secret(_ entry: KeyEntry) throws(Complaint) -> (Material, [String]) {
            let algorithm = entry.algorithm ?? "HS256"
            let lengths = ["HS256": 32, "HS384": 48, "HS512": 64]
            guard let length = lengths[algorithm] else {
                throw Complaint(sentence: "its alg is none that a key of its kind can verify here")
            }
            guard let bytes = entry.secret.flatMap({ Base64.urlDecoded($0) }), bytes.count >= length else {
                throw Complaint(sentence: "its k is no secret of \(length) bytes or more")
            }
            return (.secret(HMACKey(from: bytes)), [algorithm])
        }

        func fits(_ token: SignedToken) -> Bool {
            (token.key == nil || token.key == name) && algorithms.contains(token.algorithm)
        }

        /// Whether this key signed a token that it fits.
        func signed(_ token: SignedToken) async -> Bool {
            guard let verifier = try? await verifier(token.algorithm) else { return false }
            return (try? verifier.verify(token.signature, signs: token.signed)) ?? false
        }

        private func verifier(_ algorithm: String) async throws -> any JWTAlgorithm {
            let digest: DigestAlgorithm =
                algorithm.hasSuffix("256") ? .sha256 : algorithm.hasSuffix("384") ? .sha384 : .sha512
            let keys = JWTKeyCollection()
            switch material {
            case .rsa(let key) where algorithm.hasPrefix("PS"): await keys.add(pss: key, digestAlgorithm: digest)
            case .rsa(let key): await keys.add(rsa: key, digestAlgorithm: digest)
            case .p256(let key): await keys.add(ecdsa: key)
            case .p384(let key): await keys.add(ecdsa: key)
            case .p521(let key): await keys.add(ecdsa: key)
            case .ed25519(let key): await keys.add(eddsa: key)
            case .secret(let key): await keys.add(hmac: key, digestAlgorithm: digest)
            }
            return try await keys.getKey()
        }
    }
#endif
