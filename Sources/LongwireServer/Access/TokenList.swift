/// What a file of tokens holds: a name and the SHA-256 of a token a line.
///
/// ```
/// # name sha256:64 hexadecimal digits
/// ada sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
/// ```
struct TokenList: Sendable {
    /// A token by its hash, and whom it lets in.
    struct Entry: Sendable, Hashable {
        var digest: [UInt8]
        var name: String
    }

    private var entries: [Entry] = []
    /// All of them, to look for some that were let in before.
    let all: Set<Entry>
    /// What is wrong, with the number of its line and nothing of what it says.
    private(set) var complaints: [(line: Int, sentence: String)] = []

    /// Reads a file's text; a line that is wrong lets nobody in.
    init(_ text: String) {
        // "\r\n" is one Character.
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (index, line) in lines.enumerated() {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            guard words.count == 2, AccessToken.isName(String(first)), let digest = Self.digest(words[1]) else {
                complaints.append(
                    (index + 1, "a line must be NAME sha256:HEX, as longwired token NAME prints it"))
                continue
            }
            entries.append(Entry(digest: digest, name: String(first)))
        }
        all = Set(entries)
    }

    private static func digest(_ word: Substring) -> [UInt8]? {
        guard word.hasPrefix("sha256:") else { return nil }
        let digits = Array(word.dropFirst(7).utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: 64, by: 2) {
            guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    var count: Int { entries.count }

    /// The line of a token, with whom it lets in.
    ///
    /// Every entry is compared, and every byte of it: how long it takes says nothing about what nearly matched.
    func entry(of token: String) -> Entry? {
        let digest = AccessToken.digest(token)
        var found: Int?
        for (index, entry) in entries.enumerated() {
            var difference: UInt8 = 0
            for (own, theirs) in zip(entry.digest, digest) { difference |= own ^ theirs }
            if difference == 0 { found = index }
        }
        return found.map { entries[$0] }
    }
}
