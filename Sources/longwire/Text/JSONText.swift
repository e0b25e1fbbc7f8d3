/// JSON as this program writes it: on one line, and safe to show in a terminal.
enum JSONText {
    enum Value {
        case text(String)
        case number(UInt64)
    }

    /// An object; its keys must need no escaping.
    static func object(_ fields: [(String, Value)]) -> String {
        let members = fields.map { key, value in
            switch value {
            case .text(let text): "\"\(key)\":\(string(text))"
            case .number(let number): "\"\(key)\":\(number)"
            }
        }
        return "{" + members.joined(separator: ",") + "}"
    }

    /// A string with its quotation marks.
    static func string(_ text: String) -> String {
        var quoted = "\""
        quoted.reserveCapacity(text.utf8.count + 2)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            default:
                if Printable.isDangerous(scalar) {
                    for unit in String(scalar).utf16 { quoted += escape(unit) }
                } else {
                    quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "\""
    }

    private static func escape(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}
