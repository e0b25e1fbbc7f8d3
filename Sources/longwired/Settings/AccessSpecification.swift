internal import LongwireServer
internal import Logging

#if TLS
    internal import LongwireJWT
#endif

/// Who may use a servlet, as it is configured.
enum AccessSpecification: Sendable, Equatable {
    case open
    /// Who has a token of this file.
    case tokens(String)
    /// Who has a JSON Web Token that a key of this file signed.
    case jwt(String)
    /// Whom the web server authenticated.
    case webServer
    /// Who has a certificate that was verified.
    case certificate

    /// What can be written.
    static let forms = "open, tokens:FILE, jwt:FILE, web-server or certificate"

    /// Reads what stands behind `access:`.
    init(_ text: String) throws(ConfigurationError) {
        switch text {
        case "open": self = .open
        case "web-server": self = .webServer
        case "certificate": self = .certificate
        case _ where text.hasPrefix("tokens:"): self = .tokens(try Self.path(text, "tokens"))
        case _ where text.hasPrefix("jwt:"): self = .jwt(try Self.path(text, "jwt"))
        default: throw ConfigurationError("\"\(text)\" is not a rule; write \(Self.forms)")
        }
    }

    private static func path(_ text: String, _ word: String) throws(ConfigurationError) -> String {
        let path = String(text.dropFirst(word.utf8.count + 1))
        guard path.hasPrefix("/") else {
            throw ConfigurationError("\"\(text)\": write \(word):FILE, with the whole path of the file")
        }
        return path
    }

    /// As it is written.
    var text: String {
        switch self {
        case .open: "open"
        case .tokens(let path): "tokens:\(path)"
        case .jwt(let path): "jwt:\(path)"
        case .webServer: "web-server"
        case .certificate: "certificate"
        }
    }

    /// The rule itself; nil for everybody.
    ///
    /// - Throws: ``ConfigurationError`` where it cannot work, such as for a file that is not there.
    func make(_ settings: Settings, logger: Logger) throws(ConfigurationError) -> (any AccessRule)? {
        switch self {
        case .open: return nil
        case .tokens(let path): return try TokenAccess(file: path, logger: logger)
        case .jwt(let path):
            #if TLS
                return try JWTAccess(keys: path, requirements: settings.jwt.requirements, logger: logger)
            #else
                throw ConfigurationError(
                    "jwt:\(path): this longwired was built without JSON Web Tokens (the trait TLS)")
            #endif
        case .webServer: return WebServerAccess()
        case .certificate: return CertificateAccess()
        }
    }

    /// Why nobody could ever be let in at one of the listeners; nil where somebody can.
    func complaint(_ settings: Settings) -> String? {
        switch self {
        case .webServer where !settings.http.isEmpty || !settings.https.isEmpty:
            "web-server needs a web server before longwired: over the built-in HTTP nobody says who asks, and a header "
                + "of the client is not believed; leave listen.http and listen.https out, or choose another rule"
        case .certificate where !settings.http.isEmpty:
            "certificate needs TLS: over listen.http nobody can show one; leave it out, or use listen.https"
        case .certificate where !settings.https.isEmpty && settings.httpsClients == nil:
            "certificate needs listen.https-clients, which names who vouches for the clients of listen.https"
        default: nil
        }
    }
}
