#if TLS
    internal import FoundationEssentials
    internal import LongwireTransport
    public import Logging
    public import LongwireServer

    /// Lets in who brings a JSON Web Token (RFC 7519) that a key of a set signed, under the name that it says.
    ///
    /// The set is a file (RFC 7517), which is read again within a second when it changes; nothing is fetched. A new file
    /// that cannot be used leaves the keys of before in force, and the log says so. Who is refused is told no reason: it
    /// is in the log, without anything of the token. A line is cut within about two seconds of when its token counts no
    /// more (`exp`, and the leeway of clocks after it), or the key that signed it is no longer in the set.
    public struct JWTAccess: AccessRule {
        private let file: WatchedFile<KeySet?>
        private let requirements: JWTRequirements
        private let clock: @Sendable () -> Double

        /// The greatest file of keys that is read, in bytes.
        private static let sizeLimit = 1024 * 1024

        /// The keys of a file; reads it at once, so that it blocks.
        ///
        /// - Throws: ``ConfigurationError`` where it cannot be read, is no key set, or has keys of which none is of use.
        public init(
            keys path: String, requirements: JWTRequirements = JWTRequirements(), logger: Logger
        ) throws(ConfigurationError) {
            try self.init(keys: path, requirements: requirements, logger: logger) { Date().timeIntervalSince1970 }
        }

        /// - Parameter clock: the seconds since 1970.
        init(
            keys path: String, requirements: JWTRequirements, logger: Logger, clock: @escaping @Sendable () -> Double
        ) throws(ConfigurationError) {
            self.requirements = requirements
            self.clock = clock
            let reader = KeySetReader(path: path, logger: logger)
            file = WatchedFile(path: path, sizeLimit: Self.sizeLimit) { reader.read($0) }
            if let complaint = reader.complaint { throw ConfigurationError("the key set \(path) \(complaint)") }
        }

        /// Whose token it is: at once where it was verified before, else found out on another thread.
        public func judge(_ request: SessionRequest) -> AccessAnswer {
            guard let token = request.bearerToken else {
                return .now(request.hasAuthorization ? Self.refused(.notBearer) : .missing)
            }
            let digest = VerifiedTokens.digest(token)
            if let keys = file.current ?? nil, let verified = keys.verified.token(of: digest, now: clock()) {
                return .now(allowed(verified))
            }
            return .later { [self] in
                let keys = if let current = file.current { current } else { await file.looked() }
                guard let keys else { return .unavailable("tokens cannot be checked now") }
                do throws(TokenFault) {
                    let (claims, key) = try await keys.claims(of: SignedToken(token))
                    let verified = try requirements.verified(claims, key: key, now: clock())
                    keys.verified.add(verified, digest, now: clock())
                    return allowed(verified)
                } catch {
                    return Self.refused(error)
                }
            }
        }

        private func allowed(_ verified: VerifiedToken) -> AccessVerdict {
            .allowed(principal: verified.name, proof: JWTProof(file: file, token: verified, clock: clock))
        }

        private static func refused(_ fault: TokenFault) -> AccessVerdict {
            .refused("the token is not valid", logged: fault.rawValue)
        }
    }
#endif
