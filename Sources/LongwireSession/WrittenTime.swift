package import NIOCore

/// A time as people write it: a whole number with its unit, such as `15s`, `500ms`, `10m` or `1h`.
package struct WrittenTime: Sendable, CustomStringConvertible {
    package let amount: TimeAmount
    /// As it was written.
    package let description: String

    /// Reads what somebody wrote, or returns nil when it is no time.
    package init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), number <= 1_000_000 else { return nil }
        switch text.dropFirst(digits.count) {
        case "ms": amount = .milliseconds(number)
        case "s": amount = .seconds(number)
        case "m": amount = .minutes(number)
        case "h": amount = .hours(number)
        default: return nil
        }
        description = text
    }

    /// A number of seconds, as a default.
    package init(seconds: Int64) {
        amount = .seconds(seconds)
        description = "\(seconds)s"
    }
}
