/// Bytes as text (RFC 4648).
package enum Base64 {
    private static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    private static let standard = Array((letters + "+/").utf8)
    private static let url = Array((letters + "-_").utf8)

    /// What each byte of text for URLs stands for; 0xff for those that stand for nothing.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xff, count: 256)
        for (value, character) in url.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    /// Whether a character may stand in a text for URLs.
    package static func isOfURLs(_ character: UInt8) -> Bool { values[Int(character)] < 64 }

    /// The text of some bytes, padded (section 4).
    package static func encoded(_ bytes: some Sequence<UInt8>) -> String {
        var text = encoded(bytes, standard)
        while text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The text of some bytes that may stand in headers and URLs, without padding (section 5).
    package static func urlEncoded(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: encoded(bytes, url), as: UTF8.self)
    }

    private static func encoded(_ bytes: some Sequence<UInt8>, _ alphabet: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(bits >> UInt32(count) & 63)])
            }
        }
        if count > 0 { text.append(alphabet[Int(bits << UInt32(6 - count) & 63)]) }
        return text
    }

    /// The bytes of a text for URLs, padded or not; nil where it is none.
    package static func urlDecoded(_ text: String) -> [UInt8]? {
        var text = Array(text.utf8)[...]
        var padding = 0
        while text.last == UInt8(ascii: "="), padding < 2 {
            text.removeLast()
            padding += 1
        }
        guard text.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        var bits: UInt32 = 0
        var count = 0
        for character in text {
            let value = values[Int(character)]
            guard value < 64 else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }
}
