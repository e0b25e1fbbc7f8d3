/// Text as a terminal may show it: what could command the terminal, or change the order of what is read, is spelled out.
enum Printable {
    /// One line: a line break is spelled out too.
    static func line(_ text: String) -> String {
        var shown = ""
        shown.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars { append(scalar, to: &shown) }
        return shown
    }

    /// Several lines, each but the first indented, so that none looks like a message of its own.
    static func lines(_ text: String) -> String {
        var shown = ""
        shown.reserveCapacity(text.utf8.count)
        var scalars = text.unicodeScalars[...]
        if scalars.last == "\n" { scalars.removeLast() }
        if scalars.last == "\r" { scalars.removeLast() }
        while let scalar = scalars.popFirst() {
            if scalar == "\r", scalars.first == "\n" { continue }
            if scalar == "\n" { shown += "\n  " } else { append(scalar, to: &shown) }
        }
        return shown
    }

    /// A piece of a stream: line breaks stay, and none is added.
    static func stream(_ text: String) -> String {
        var shown = ""
        shown.reserveCapacity(text.utf8.count)
        var scalars = text.unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            if scalar == "\r", scalars.first == "\n" { continue }
            if scalar == "\n" { shown += "\n" } else { append(scalar, to: &shown) }
        }
        return shown
    }

    private static func append(_ scalar: Unicode.Scalar, to shown: inout String) {
        if scalar == "\t" || !isDangerous(scalar) {
            shown.unicodeScalars.append(scalar)
        } else {
            shown += escape(scalar)
        }
    }

    /// Whether a scalar could command a terminal, break a line, or turn the direction of text.
    static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20..<0x7f: return false
        case 0x200c, 0x200d: return false  // joiners belong to several scripts, and to emoji
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return true
        default: return false
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": return "\\n"
        case "\r": return "\\r"
        default: break
        }
        let digits = String(scalar.value, radix: 16)
        if scalar.value < 0x80 { return "\\x" + (digits.count < 2 ? "0" : "") + digits }
        return "\\u{\(digits)}"
    }
}
