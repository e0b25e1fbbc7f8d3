internal import ArgumentParser
internal import LongwireServer
internal import NIOCore

/// A time with its unit, such as `15s`, `500ms` or `10m`.
struct Duration: ExpressibleByArgument, CustomStringConvertible {
    let amount: TimeAmount
    let description: String

    init(_ amount: TimeAmount, _ description: String) {
        self.amount = amount
        self.description = description
    }

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), number <= 1_000_000_000 else { return nil }
        switch argument.dropFirst(digits.count) {
        case "ms": amount = .milliseconds(number)
        case "s": amount = .seconds(number)
        case "m": amount = .minutes(number)
        case "h": amount = .hours(number)
        default: return nil
        }
        description = argument
    }

    var defaultValueDescription: String { description }
}

/// The times and sizes of sessions that operators change.
struct TimeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The longest silence of either direction.", valueName: "time"))
    var heartbeat = Duration(.seconds(15), "15s")

    @Option(help: ArgumentHelp("How long a session outlives its line; 0s: not at all.", valueName: "time"))
    var resumeTime = Duration(.seconds(60), "60s")

    @Option(help: ArgumentHelp("The greatest message, in bytes.", valueName: "bytes"))
    var messageLimit = 1024 * 1024

    @Option(help: ArgumentHelp("What may wait for a session's reader, in bytes.", valueName: "bytes"))
    var window = 256 * 1024

    @Option(help: ArgumentHelp("Over how long a drain asks clients to come to an end.", valueName: "time"))
    var drainWindow = Duration(.seconds(5), "5s")

    @Option(help: ArgumentHelp("After how long a drain cuts who has not.", valueName: "time"))
    var drainLimit = Duration(.seconds(30), "30s")

    func apply(to configuration: inout SessionConfiguration) throws {
        configuration.heartbeat = heartbeat.amount
        configuration.pollHold = min(configuration.pollHold, heartbeat.amount)
        configuration.resumeTime = resumeTime.amount
        configuration.messageLimit = messageLimit
        configuration.receiveWindow = window
        configuration.sendBuffer = window
    }
}
