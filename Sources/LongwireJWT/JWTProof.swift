#if TLS
    internal import LongwireServer

    /// The token that somebody was let in with: it counts until it expires, while the key that signed it is in the set.
    struct JWTProof: AccessProof {
        let file: WatchedFile<KeySet?>
        let token: VerifiedToken
        let clock: @Sendable () -> Double

        func counts() async -> Bool {
            guard clock() < token.ends else { return false }
            let keys = if let current = file.current { current } else { await file.looked() }
            return keys?.prints.contains(token.key) ?? true
        }
    }
#endif
