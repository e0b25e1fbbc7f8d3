/// The subject of a certificate, as text (RFC 4514): `CN=ada,O=Example`.
enum DistinguishedName {
    /// One element of DER: its tag and what it holds.
    private struct Element {
        var tag: UInt8
        var content: ArraySlice<UInt8>
    }

    private static let names: [[UInt8]: String] = [
        [0x55, 4, 3]: "CN", [0x55, 4, 6]: "C", [0x55, 4, 7]: "L", [0x55, 4, 8]: "ST", [0x55, 4, 10]: "O",
        [0x55, 4, 11]: "OU", [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1]: "UID",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25]: "DC",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1]: "emailAddress",
    ]

    /// The subject of a certificate in DER; nil where it has none, or is no certificate.
    static func subject(ofCertificate bytes: [UInt8]) -> String? {
        var outer = bytes[...]
        guard var certificate = next(&outer)?.content, var body = next(&certificate)?.content else { return nil }
        guard var element = next(&body) else { return nil }
        // The version may be left out; then come serial number, algorithm, issuer and validity.
        if element.tag == 0xa0 {
            guard let serial = next(&body) else { return nil }
            element = serial
        }
        guard element.tag == 0x02 else { return nil }
        for _ in 0..<3 { guard next(&body) != nil else { return nil } }
        guard let subject = next(&body), subject.tag == 0x30 else { return nil }
        return text(subject.content)
    }

    private static func text(_ name: ArraySlice<UInt8>) -> String? {
        var (rest, parts) = (name, [String]())
        while !rest.isEmpty {
            guard var set = next(&rest), set.tag == 0x31 else { return nil }
            var pairs: [String] = []
            while !set.content.isEmpty {
                guard var pair = next(&set.content)?.content, let type = next(&pair), type.tag == 0x06,
                    let value = next(&pair), let name = names[Array(type.content)], let text = string(value)
                else { return nil }
                pairs.append("\(name)=\(escaped(text))")
            }
            parts.append(pairs.joined(separator: "+"))
        }
        return parts.isEmpty ? nil : parts.reversed().joined(separator: ",")
    }

    /// UTF-8 and the sorts of strings that are a part of it.
    private static func string(_ element: Element) -> String? {
        guard [0x0c, 0x13, 0x16].contains(element.tag) else { return nil }
        return String(validating: element.content, as: UTF8.self)
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            let isEnd = index == 0 || index == text.unicodeScalars.count - 1
            if scalar.value < 0x20 || scalar.value == 0x7f {
                let digits = String(scalar.value, radix: 16, uppercase: true)
                escaped += "\\" + (digits.count < 2 ? "0" : "") + digits
            } else if ",+\"\\<>;".unicodeScalars.contains(scalar) || (scalar == " " && isEnd)
                || (scalar == "#" && index == 0)
            {
                escaped += "\\"
                escaped.unicodeScalars.append(scalar)
            } else {
                escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// Takes the next element off; nil where what it says of its length cannot be.
    private static func next(_ bytes: inout ArraySlice<UInt8>) -> Element? {
        guard let tag = bytes.popFirst(), let first = bytes.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            let count = Int(first & 0x7f)
            guard (1...3).contains(count), bytes.count >= count else { return nil }
            length = bytes.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            bytes = bytes.dropFirst(count)
        }
        guard bytes.count >= length else { return nil }
        defer { bytes = bytes.dropFirst(length) }
        return Element(tag: tag, content: bytes.prefix(length))
    }
}
