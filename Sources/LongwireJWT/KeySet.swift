#if TLS
    internal import FoundationEssentials

    /// The keys of a file that can verify tokens, and the tokens that they have verified.
    final class KeySet: Sendable {
        let keys: [VerifyingKey]
        /// By what the keys are told from others.
        let prints: Set<[UInt8]>
        /// What is wrong with single keys, by their place, beginning with 1.
        let complaints: [(place: Int, sentence: String)]
        let verified = VerifiedTokens()

        /// The most keys that one token is tried with.
        private static let tryLimit = 8

        /// Why a file is no set; as it goes on behind its name.
        struct Complaint: Error { let sentence: String }

        private struct File: Decodable { let keys: [Entry] }

        /// One that is not understood spoils no other.
        private struct Entry: Decodable {
            let entry: KeyEntry?

            init(from decoder: any Decoder) throws { entry = try? KeyEntry(from: decoder) }
        }

        /// What a file holds; a set that is empty is one too, which lets nobody in.
        init(_ bytes: [UInt8]) throws(Complaint) {
            guard let file = try? JSONDecoder().decode(File.self, from: Data(bytes)) else {
                throw Complaint(sentence: "is no JSON Web Key Set; it must be {\"keys\": [ … ]}")
            }
            var keys: [VerifyingKey] = []
            var complaints: [(place: Int, sentence: String)] = []
            for (place, entry) in file.keys.enumerated() {
                guard let entry = entry.entry else {
                    complaints.append((place + 1, "it is no key; it must be an object with kty, and texts in it"))
                    continue
                }
                do throws(VerifyingKey.Complaint) {
                    guard let key = try VerifyingKey(entry) else { continue }
                    keys.append(key)
                } catch {
                    complaints.append((place + 1, error.sentence))
                    continue
                }
                if entry.privateHalf != nil {
                    complaints.append((place + 1, "its private half is in the file too, where it has no place"))
                }
            }
            guard !keys.isEmpty || file.keys.isEmpty else {
                let first = complaints.first.map { "; key \($0.place): \($0.sentence)" } ?? ""
                throw Complaint(sentence: "holds no key that can verify a token\(first)")
            }
            self.keys = keys
            prints = Set(keys.map(\.print))
            self.complaints = complaints
        }

        /// The claims of a token, where one of the keys signed it, and the print of that key.
        func claims(of token: SignedToken) async throws(TokenFault) -> (claims: TokenClaims, key: [UInt8]) {
            let fitting = keys.filter { $0.fits(token) }
            guard !fitting.isEmpty else { throw .key }
            for key in fitting.prefix(Self.tryLimit) where await key.signed(token) {
                return (try TokenClaims(token.payload), key.print)
            }
            throw .signature
        }
    }
#endif
