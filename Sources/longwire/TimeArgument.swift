internal import ArgumentParser
internal import NIOCore

/// A time with its unit, such as `15s`, `500ms` or `10m`.
struct TimeArgument: ExpressibleByArgument, CustomStringConvertible {
    let amount: TimeAmount
    let description: String

    init(_ amount: TimeAmount, _ description: String) {
        self.amount = amount
        self.description = description
    }

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), number <= 1_000_000 else { return nil }
        switch argument.dropFirst(digits.count) {
        case "ms": amount = .milliseconds(number)
        case "s": amount = .seconds(number)
        case "m": amount = .minutes(number)
        default: return nil
        }
        description = argument
    }

    var defaultValueDescription: String { description }
}
