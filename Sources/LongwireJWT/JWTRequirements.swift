#if TLS
    public import NIOCore

    /// What a JSON Web Token must say, besides being signed by a key of the set.
    ///
    /// It must always say when it expires (`exp`), and counts no longer then; not before `nbf`, where it has that.
    public struct JWTRequirements: Sendable, Equatable {
        /// Who must have issued it (`iss`); nil for whoever has a key of the set.
        public var issuer: String?
        /// For whom it may be (`aud`): one of these must be named; where there are none, it must name nobody.
        public var audiences: [String] = []
        /// By how much the clock of who issued it and that of this machine may differ.
        public var leeway = TimeAmount.seconds(30)
        /// The claim that is the principal; it must be a text.
        public var nameClaim = "sub"

        /// The defaults.
        public init() {}

        /// Who brings these claims, and for how long.
        ///
        /// - Parameter key: the print of the key that signed them.
        func verified(_ claims: TokenClaims, key: [UInt8], now: Double) throws(TokenFault) -> VerifiedToken {
            let leeway = Double(leeway.nanoseconds) / 1e9
            guard let expires = claims.expires else { throw .noExpiry }
            let verified = VerifiedToken(
                name: claims.texts[nameClaim] ?? "", begins: (claims.begins ?? -.infinity) - leeway,
                ends: expires + leeway, key: key)
            guard now < verified.ends else { throw .expired }
            guard now >= verified.begins else { throw .early }
            if let issuer, claims.texts["iss"] != issuer { throw .issuer }
            // A token for somebody else is not taken, also where nobody has said who we are (RFC 7519, section 4.1.3).
            if let named = claims.audiences {
                guard named.contains(where: audiences.contains) else { throw .audience }
            } else if !audiences.isEmpty {
                throw .audience
            }
            guard !verified.name.isEmpty else { throw .noName }
            return verified
        }
    }

    /// Whose token one is, from when to when it counts, in seconds since 1970, and the print of the key that signed it.
    struct VerifiedToken: Sendable, Equatable {
        var name: String
        var begins: Double
        var ends: Double
        var key: [UInt8]
    }
#endif
