internal import ArgumentParser
internal import LongwireClient
internal import NIOCore

/// A time on the command line.
struct TimeArgument: ExpressibleByArgument {
    let time: WrittenTime

    init(seconds: Int64) { time = WrittenTime(seconds: seconds) }

    init?(argument: String) {
        guard let time = WrittenTime(argument) else { return nil }
        self.time = time
    }

    var amount: TimeAmount { time.amount }
    var defaultValueDescription: String { time.description }
}
