#if TLS
    internal import LongwireTransport
    internal import NIOConcurrencyHelpers

    /// Tokens that were verified, by their hashes, so that one that is brought with every request is verified once.
    ///
    /// Only what was good is remembered: a stranger can fill nothing.
    final class VerifiedTokens: Sendable {
        private let capacity: Int
        private let tokens = NIOLockedValueBox<[[UInt8]: VerifiedToken]>([:])

        /// - Parameter capacity: the most that are remembered.
        init(capacity: Int = 4096) { self.capacity = capacity }

        var count: Int { tokens.withLockedValue { $0.count } }

        static func digest(_ token: String) -> [UInt8] {
            var hash = SHA256()
            Array(token.utf8).withUnsafeBytes { hash.update($0) }
            return hash.bytes()
        }

        /// Whose token it is, where it is known and counts now.
        func token(of digest: [UInt8], now: Double) -> VerifiedToken? {
            tokens.withLockedValue { tokens in
                guard let token = tokens[digest], token.begins <= now, now < token.ends else { return nil }
                return token
            }
        }

        func add(_ token: VerifiedToken, _ digest: [UInt8], now: Double) {
            tokens.withLockedValue { tokens in
                if tokens[digest] == nil, tokens.count >= capacity {
                    tokens = tokens.filter { now < $0.value.ends }
                    if tokens.count >= capacity { for key in tokens.keys.prefix(capacity / 2) { tokens[key] = nil } }
                }
                tokens[digest] = token
            }
        }
    }
#endif
