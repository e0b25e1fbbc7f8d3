internal import LongwireServer
internal import NIOCore

/// How values are written: times, sizes, numbers.
enum SettingValue {
    /// A time such as `15s`; never more than 1,000,000 of its unit.
    static func time(_ text: String) -> TimeAmount? { WrittenTime(text)?.amount }

    /// A time in the greatest unit that it is a whole number of.
    static func written(_ time: TimeAmount) -> String {
        let nanoseconds = time.nanoseconds
        let units: [(Int64, String)] = [(3_600_000_000_000, "h"), (60_000_000_000, "m"), (1_000_000_000, "s")]
        if nanoseconds == 0 { return "0s" }
        for (size, name) in units where nanoseconds % size == 0 { return "\(nanoseconds / size)\(name)" }
        return "\(nanoseconds / 1_000_000)ms"
    }

    private static let sizes = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)]

    /// A size such as `256KiB`, `1 MiB` or a plain number of bytes.
    static func size(_ text: String) -> Int? {
        let unit = sizes.first { text.hasSuffix($0.0) }
        let digits = unit.map { text.dropLast($0.0.count) } ?? text[...]
        guard let number = number(digits.hasSuffix(" ") ? digits.dropLast() : digits) else { return nil }
        let (size, isTooGreat) = number.multipliedReportingOverflow(by: unit?.1 ?? 1)
        return isTooGreat ? nil : size
    }

    /// A size in the greatest unit that it is a whole number of.
    static func written(size: Int) -> String {
        for (name, unit) in sizes where unit > 1 && size >= unit && size % unit == 0 { return "\(size / unit)\(name)" }
        return "\(size)"
    }

    /// A number in plain digits.
    static func number(_ text: some StringProtocol) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return Int(text)
    }
}
