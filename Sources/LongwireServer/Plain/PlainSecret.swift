internal import LongwireTransport

/// A secret as text: 128 or more random bits, base64url; compared in constant time, never printed.
struct PlainSecret: Sendable {
    let text: String

    /// A new one of `bytes` random bytes.
    static func random(bytes: Int) -> PlainSecret {
        return PlainSecret(
            text: Base64.urlEncoded((0..<bytes).map { _ in UInt8.random(in: 0...255) }))
    }

    /// Whether `other` is the same; how long it takes says nothing about where they differ.
    func matches(_ other: String?) -> Bool {
        guard let other, other.utf8.count == text.utf8.count else { return false }
        var difference: UInt8 = 0
        for (own, theirs) in zip(text.utf8, other.utf8) { difference |= own ^ theirs }
        return difference == 0
    }
}
