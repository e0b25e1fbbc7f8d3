internal import LongwireTransport

/// The fingerprint of a server's public key: `sha256/` and the base64 of the SHA-256 of its SubjectPublicKeyInfo.
///
/// It stays the same when the server's certificate is renewed with the same key.
public struct KeyPin: Sendable, Hashable, CustomStringConvertible {
    /// As it is written.
    public let description: String

    private static let prefix = "sha256/"

    /// Reads `sha256/` and 44 characters of base64; curl's `sha256//` is taken too; nil for anything else.
    public init?(_ text: String) {
        guard text.hasPrefix(Self.prefix) else { return nil }
        var digest = text.dropFirst(Self.prefix.count)
        // 32 bytes are 43 characters and one "=". The first of them may be a slash too, so only the length tells whether
        // there is one more.
        if digest.utf8.count == 45, digest.first == "/" { digest.removeFirst() }
        let characters = digest.utf8.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: "-") : $0 }
            .map { $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0 }
        guard digest.utf8.count == 44, characters.last == UInt8(ascii: "="),
            let bytes = Base64.urlDecoded(String(decoding: characters.dropLast(), as: UTF8.self)), bytes.count == 32
        else { return nil }
        self.init(digest: bytes)
    }

    /// The pin of a key in DER.
    init(key: [UInt8]) {
        var hash = SHA256()
        key.withUnsafeBytes { hash.update($0) }
        self.init(digest: hash.bytes())
    }

    private init(digest: [UInt8]) { description = Self.prefix + Base64.encoded(digest) }
}

/// A client's certificate with its private key, each a file (PEM).
public struct ClientIdentity: Sendable, Equatable {
    /// The file of the certificate, which those that vouch for it may follow.
    public var certificate: String
    /// The file of its private key.
    public var key: String

    /// A certificate and its key.
    public init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}
