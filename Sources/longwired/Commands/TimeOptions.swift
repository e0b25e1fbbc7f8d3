internal import ArgumentParser
internal import LongwireServer
internal import NIOCore

/// A time on the command line.
struct Duration: ExpressibleByArgument {
    let time: WrittenTime

    init(seconds: Int64) { time = WrittenTime(seconds: seconds) }

    init?(argument: String) {
        guard let time = WrittenTime(argument) else { return nil }
        self.time = time
    }

    var amount: TimeAmount { time.amount }
    var defaultValueDescription: String { time.description }
}

/// The times and sizes of sessions that operators change.
struct TimeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The longest silence of either direction.", valueName: "time"))
    var heartbeat = Duration(seconds: 15)

    @Option(help: ArgumentHelp("How long a session outlives its line; 0s: not at all.", valueName: "time"))
    var resumeTime = Duration(seconds: 60)

    @Option(help: ArgumentHelp("The greatest message, in bytes.", valueName: "bytes"))
    var messageLimit = 1024 * 1024

    @Option(help: ArgumentHelp("What may wait for a session's reader, in bytes.", valueName: "bytes"))
    var window = 256 * 1024

    @Option(help: ArgumentHelp("Over how long a drain asks clients to come to an end.", valueName: "time"))
    var drainWindow = Duration(seconds: 5)

    @Option(help: ArgumentHelp("After how long a drain cuts who has not.", valueName: "time"))
    var drainLimit = Duration(seconds: 30)

    func apply(to configuration: inout SessionConfiguration) throws {
        configuration.heartbeat = heartbeat.amount
        configuration.pollHold = min(configuration.pollHold, heartbeat.amount)
        configuration.resumeTime = resumeTime.amount
        configuration.messageLimit = messageLimit
        configuration.receiveWindow = window
        configuration.sendBuffer = window
    }
}
