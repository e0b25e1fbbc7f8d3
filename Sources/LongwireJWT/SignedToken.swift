#if TLS
    internal import FoundationEssentials
    internal import LongwireTransport

    /// A token in its parts (RFC 7515, section 3.1), none of which is to be believed yet.
    struct SignedToken: Sendable {
        /// How it says that it is signed, and by which key.
        let algorithm: String
        let key: String?
        let payload: [UInt8]
        let signature: [UInt8]
        /// What the signature is of.
        let signed: [UInt8]

        /// What is read of the head; a key or an address of one in it counts for nothing.
        private struct Head: Decodable {
            var algorithm: String
            var key: String?
            var isCritical: Bool

            private enum Field: String, CodingKey { case alg, kid, crit }

            init(from decoder: any Decoder) throws {
                let fields = try decoder.container(keyedBy: Field.self)
                algorithm = try fields.decode(String.self, forKey: .alg)
                key = try fields.decodeIfPresent(String.self, forKey: .kid)
                isCritical = fields.contains(.crit)
            }
        }

        init(_ text: String) throws(TokenFault) {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 3, let head = Self.bytes(parts[0]), let payload = Self.bytes(parts[1]),
                let signature = Self.bytes(parts[2]),
                let head = try? JSONDecoder().decode(Head.self, from: Data(head))
            else { throw .malformed }
            guard !head.isCritical else { throw .critical }
            algorithm = head.algorithm
            key = head.key
            self.payload = payload
            self.signature = signature
            signed = Array(text.utf8.dropLast(parts[2].utf8.count + 1))
        }

        /// Nothing that is empty, and each part in the one way in which it is written: a token has no second form.
        private static func bytes(_ part: Substring) -> [UInt8]? {
            guard !part.isEmpty, let bytes = Base64.urlDecoded(String(part)), Base64.urlEncoded(bytes) == part else {
                return nil
            }
            return bytes
        }
    }
#endif
