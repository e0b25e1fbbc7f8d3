#if TLS
    import Foundation
    import TestSupport

    /// Makes keys and tokens with another library than ours: PyJWT.
    final class JWTIssuer: Sendable {
        let folder: TemporaryFolder

        private static let program = #"""
            import base64, json, os, sys
            import jwt
            from cryptography.hazmat.primitives import serialization
            from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

            def text(number, size):
                return base64.urlsafe_b64encode(number.to_bytes(size, "big")).rstrip(b"=").decode()

            def make(algorithm):
                if algorithm == "RS256":
                    return rsa.generate_private_key(65537, 2048)
                return ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else ed25519.Ed25519PrivateKey.generate()

            def entry(key):
                public = key.public_key()
                if isinstance(key, rsa.RSAPrivateKey):
                    numbers = public.public_numbers()
                    return {"kty": "RSA", "n": text(numbers.n, 256), "e": "AQAB"}
                if isinstance(key, ec.EllipticCurvePrivateKey):
                    numbers = public.public_numbers()
                    return {"kty": "EC", "crv": "P-256", "x": text(numbers.x, 32), "y": text(numbers.y, 32)}
                raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
                return {"kty": "OKP", "crv": "Ed25519", "x": text(int.from_bytes(raw, "big"), 32)}

            if sys.argv[1] == "key":
                name, algorithm = sys.argv[2:]
                key = make(algorithm)
                pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                        serialization.NoEncryption())
                open(name + ".pem", "wb").write(pem)
                print(json.dumps({**entry(key), "kid": name, "alg": algorithm, "use": "sig"}))
            else:
                name, algorithm, claims = sys.argv[2:]
                key = "" if algorithm == "none" else open(name + ".pem").read()
                if algorithm == "HS256":
                    key = base64.b64encode(key.encode())
                print(jwt.encode(json.loads(claims), key, algorithm=algorithm, headers={"kid": name}))
            """#

        init() throws {
            folder = try TemporaryFolder()
            try folder.write(Self.program, to: "issuer.py")
        }

        private func run(_ arguments: [String]) async throws -> String {
            try await ManagedProcess.mustRun(
                "/usr/bin/python3", [folder.path("issuer.py")] + arguments, folder: folder.path
            ).trimmingCharacters(in: .whitespacesAndNewlines)
        }

        /// Makes a key and gives its public half, as it stands in a key set.
        func key(_ name: String, _ algorithm: String) async throws -> String {
            try await run(["key", name, algorithm])
        }

        /// A token of ada, `seconds` from now its end.
        func token(_ key: String, _ algorithm: String, _ change: [String: Any] = [:], seconds: Int = 600) async throws
            -> String
        {
            var claims: [String: Any] = [
                "sub": "ada", "iss": "https://login.example", "aud": ["longwire", "other"],
                "exp": Int(Date().timeIntervalSince1970) + seconds,
            ]
            claims.merge(change) { $1 }
            let text = String(decoding: try JSONSerialization.data(withJSONObject: claims), as: UTF8.self)
            return try await run(["token", key, algorithm, text])
        }
    }
#endif
