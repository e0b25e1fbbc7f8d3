internal import NIOCore

#if TLS
    internal import LongwireJWT
#endif

/// What JSON Web Tokens must say, as it is configured.
struct JWTSettings: Sendable, Equatable {
    var issuer: String?
    var audiences: [String] = []
    var leeway = TimeAmount.seconds(30)
    var claim = "sub"

    #if TLS
        var requirements: JWTRequirements {
            var requirements = JWTRequirements()
            requirements.issuer = issuer
            requirements.audiences = audiences
            requirements.leeway = leeway
            requirements.nameClaim = claim
            return requirements
        }
    #endif
}

extension Setting {
    /// What is asked of the tokens of all rules jwt:FILE.
    static let jwt: [Setting] = [
        Setting(
            path: "access.jwt-issuer", flag: "jwt-issuer", unit: "text",
            about: "Who must have issued a JSON Web Token (iss); whoever has a key of the set if not named.",
            example: "https://login.example.org", isRare: true,
            read: { settings, text in
                guard !text.isEmpty else { return "write the issuer as it stands in the tokens" }
                settings.jwt.issuer = text
                return nil
            }, show: { $0.jwt.issuer.map { [$0] } ?? [] }),
        Setting(
            path: "access.jwt-audiences", flag: "jwt-audience", unit: "text",
            about: "For whom a JSON Web Token may be (aud), one of these; tokens for somebody are refused if none is "
                + "named.",
            example: "longwire", form: .list, isRare: true,
            read: { settings, text in
                guard !text.isEmpty else { return "write an audience as it stands in the tokens" }
                guard !settings.jwt.audiences.contains(text) else { return "\(text) is given twice" }
                settings.jwt.audiences.append(text)
                return nil
            }, clear: { $0.jwt.audiences = [] }, show: { $0.jwt.audiences }),
        .time(
            "access.jwt-leeway", flag: "jwt-leeway", \.jwt.leeway, upTo: .minutes(10),
            "By how much the clock of who issues JSON Web Tokens may differ."),
        Setting(
            path: "access.jwt-claim", flag: "jwt-claim", unit: "claim",
            about: "The claim of a JSON Web Token that names who brings it.", isRare: true,
            read: { settings, text in
                guard !text.isEmpty else { return "write the name of a claim, such as sub or email" }
                settings.jwt.claim = text
                return nil
            }, show: { [$0.jwt.claim] }),
    ]
}
