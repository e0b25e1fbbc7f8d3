#if TLS
    internal import FoundationEssentials

    /// What the payload of a token says, as far as it is looked at.
    struct TokenClaims: Decodable, Sendable {
        /// Nil where the token names nobody; empty where it names nobody that could be meant.
        var audiences: [String]?
        /// Seconds since 1970.
        var expires: Double?
        var begins: Double?
        /// Every claim that is a text, by its name.
        var texts: [String: String] = [:]

        private struct Name: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        /// The claims of a payload whose signature was verified.
        init(_ payload: [UInt8]) throws(TokenFault) {
            guard let claims = try? JSONDecoder().decode(TokenClaims.self, from: Data(payload)) else { throw .claims }
            self = claims
        }

        init(from decoder: any Decoder) throws {
            let claims = try decoder.container(keyedBy: Name.self)
            for name in claims.allKeys {
                if let text = try? claims.decode(String.self, forKey: name) { texts[name.stringValue] = text }
            }
            let audience = Name(stringValue: "aud")
            if let one = texts["aud"] {
                audiences = [one]
            } else if claims.contains(audience) {
                audiences = try claims.decode([String].self, forKey: audience)
            }
            expires = try claims.decodeIfPresent(Double.self, forKey: Name(stringValue: "exp"))
            begins = try claims.decodeIfPresent(Double.self, forKey: Name(stringValue: "nbf"))
        }
    }
#endif
