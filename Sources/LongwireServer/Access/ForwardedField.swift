internal import LongwireTransport

/// In which header field a proxy tells whose request it passes on.
///
/// One of them, never whichever is there: a proxy that writes one passes the other on as the client made it up.
public enum ForwardedField: String, Sendable, CaseIterable {
    /// `X-Forwarded-For`: addresses, the newest last.
    case xForwardedFor = "x-forwarded-for"
    /// `Forwarded` (RFC 7239).
    case forwarded

    /// The addresses in a field's value, oldest first; nil for what is no address, such as `unknown`.
    func addresses(in value: String) -> [AddressRange?] {
        switch self {
        case .xForwardedFor: value.split(separator: ",", omittingEmptySubsequences: false).map(Self.address)
        case .forwarded:
            Self.parts(value[...], at: ",").map { element in
                let pairs = Self.parts(element, at: ";").compactMap(Self.pair)
                return pairs.first { $0.name == "for" }.flatMap { Self.address($0.value[...]) }
            }
        }
    }

    /// An address, which may have a port behind it.
    private static func address(_ text: Substring) -> AddressRange? {
        let text = trimmed(text)
        if let address = AddressRange(address: text) { return address }
        guard let colon = text.lastIndex(of: ":"), UInt16(text[text.index(after: colon)...]) != nil else { return nil }
        let host = text[..<colon]
        // Without brackets, the last group of an IPv6 address is no port.
        guard host.hasPrefix("[") || !host.contains(":") else { return nil }
        return AddressRange(address: host)
    }

    /// What stands between separators; those in quotes are none.
    private static func parts(_ text: Substring, at separator: Character) -> [Substring] {
        var parts: [Substring] = []
        var (start, isQuoted, isEscaped) = (text.startIndex, false, false)
        for index in text.utf8.indices {
            let byte = text.utf8[index]
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\"), isQuoted {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if byte == separator.asciiValue, !isQuoted {
                parts.append(text[start..<index])
                start = text.utf8.index(after: index)
            }
        }
        parts.append(text[start...])
        return parts
    }

    private static func pair(_ text: Substring) -> (name: String, value: String)? {
        let words = trimmed(text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard words.count == 2 else { return nil }
        var value = words[1]
        guard value.hasPrefix("\"") else { return (words[0].lowercased(), String(value)) }
        guard value.count > 1, value.hasSuffix("\"") else { return nil }
        value = value.dropFirst().dropLast()
        var (unquoted, isEscaped) = ("", false)
        for character in value {
            if character == "\\", !isEscaped {
                isEscaped = true
            } else {
                isEscaped = false
                unquoted.append(character)
            }
        }
        return (words[0].lowercased(), unquoted)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
