#if TLS
    /// Why a token lets nobody in, as the log says it: nothing of the token, and nothing for who brought it.
    enum TokenFault: String, Error {
        case notBearer = "the field Authorization has no bearer token"
        case malformed = "the token is no signed JSON Web Token"
        case critical = "the token asks for extensions that are not known here"
        case key = "the set has no key of that name for that algorithm"
        case signature = "the signature of the token is wrong"
        case claims = "the claims of the token cannot be read"
        case noExpiry = "the token does not say when it expires"
        case expired = "the token has expired"
        case early = "the token is not valid yet"
        case issuer = "the token is of another issuer"
        case audience = "the token is for another audience"
        case noName = "the token has no text in the claim that names who brings it"
    }
#endif
