#if TLS
    internal import LongwireTransport

    /// A key as it stands in a file (RFC 7517), of which nothing was looked at yet.
    struct KeyEntry: Decodable, Sendable {
        var kind: String
        var algorithm: String?
        var name: String?
        var use: String?
        var operations: [String]?
        var curve: String?
        var modulus: String?
        var exponent: String?
        var x: String?
        var y: String?
        var secret: String?
        /// The half that only its owner should have.
        var privateHalf: String?

        private enum CodingKeys: String, CodingKey {
            case kind = "kty"
            case algorithm = "alg"
            case name = "kid"
            case use
            case operations = "key_ops"
            case curve = "crv"
            case modulus = "n"
            case exponent = "e"
            case x
            case y
            case secret = "k"
            case privateHalf = "d"
        }

        /// A hash of what a token is verified with.
        var print: [UInt8] {
            var hash = SHA256()
            for field in [kind, algorithm, name, curve, modulus, exponent, x, y, secret] {
                // With its length, so that no two keys are written alike.
                let text = field.map { "\($0.utf8.count):\($0)" } ?? "-"
                Array(text.utf8).withUnsafeBytes { hash.update($0) }
            }
            return hash.bytes()
        }

        var point: (x: String, y: String) { (x ?? "", y ?? "") }
    }
#endif
