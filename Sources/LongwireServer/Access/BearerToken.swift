internal import HTTPTypes

extension SessionRequest {
    /// The token of `Authorization: Bearer …` (RFC 6750); nil where there is none, or something that is no token.
    public var bearerToken: String? {
        guard let value = head.headerFields[.authorization] else { return nil }
        return Self.bearerToken(in: value)
    }

    /// Whether there is a field Authorization at all, whatever stands in it.
    package var hasAuthorization: Bool { head.headerFields[.authorization] != nil }

    /// The most bytes of a token that is looked at.
    private static let bearerLimit = 8 * 1024

    static func bearerToken(in value: String) -> String? {
        let words = value.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard words.count == 2, words[0].lowercased() == "bearer" else { return nil }
        let token = words[1].drop { $0 == " " }
        guard (1...bearerLimit).contains(token.utf8.count), token.utf8.allSatisfy(isOfTokens) else { return nil }
        return String(token)
    }

    /// The characters of RFC 6750, section 2.1.
    private static func isOfTokens(_ character: UInt8) -> Bool {
        switch character {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~+/=".utf8.contains(character)
        }
    }
}
