internal import LongwireTransport

/// A bearer token as its holder has it, and what a file of tokens says of it.
///
/// It is 256 random bits, so that its SHA-256 gives nothing away that could be guessed.
public struct AccessToken: Sendable {
    /// What its holder sends; the one place where it is.
    public let text: String

    /// A new one.
    public static func random() -> AccessToken {
        AccessToken(text: "lw_" + Base64.urlEncoded((0..<32).map { _ in UInt8.random(in: 0...255) }))
    }

    /// One that was made elsewhere, of 32 characters or more; nil for what cannot be sent as a bearer token.
    public init?(_ text: String) {
        guard text.utf8.count >= 32, SessionRequest.bearerToken(in: "Bearer " + text) == text else { return nil }
        self.text = text
    }

    private init(text: String) { self.text = text }

    /// The line of a file of tokens that lets its holder in as `name`.
    public func line(name: String) -> String { "\(name) sha256:\(Self.hexadecimal(Self.digest(text)))" }

    /// Whether a file of tokens can have this name: 1 to 256 bytes, no space or control character, not beginning with #.
    public static func isName(_ name: String) -> Bool {
        AccessPrincipal.isValid(name) && !name.hasPrefix("#") && !name.utf8.contains(UInt8(ascii: " "))
    }

    static func digest(_ text: String) -> [UInt8] {
        var hash = SHA256()
        Array(text.utf8).withUnsafeBytes { hash.update($0) }
        return hash.bytes()
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// What can be somebody's name.
enum AccessPrincipal {
    /// It is shown in lists and logs, and programs get it as a variable: no control characters, and not without end.
    static func isValid(_ name: String) -> Bool {
        (1...256).contains(name.utf8.count)
            && !name.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }
}
