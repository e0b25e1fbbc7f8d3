internal import ArgumentParser
internal import LongwireClient

/// The flags about requests that end one by one: those of `poll`, and what goes up on `stream`.
struct BundleOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("The greatest bundle, in bytes.", valueName: "bytes", visibility: .hidden))
    var bundle: Int?

    @Option(
        name: .long,
        help: ArgumentHelp("The messages that make a bundle.", valueName: "n", visibility: .hidden))
    var bundleMessages: Int?

    @Option(
        name: .long,
        help: ArgumentHelp("How long messages wait for a bundle.", valueName: "time", visibility: .hidden))
    var bundleDelay: TimeArgument?

    @Option(
        name: .long,
        help: ArgumentHelp("The longest that the server holds a poll.", valueName: "time", visibility: .hidden))
    var hold: TimeArgument?

    @Option(
        name: .long,
        help: ArgumentHelp("The least time until messages go again.", valueName: "time", visibility: .hidden))
    var repeatTime: TimeArgument?

    @Option(
        name: .long, help: ArgumentHelp("The most polls at once.", valueName: "n", visibility: .hidden))
    var requests: Int?

    @Option(
        name: .long, help: ArgumentHelp("The most uplinks of stream at once.", valueName: "n", visibility: .hidden))
    var uplinks: Int?

    @Option(
        name: .long,
        help: ArgumentHelp("Unanswered requests that end a line.", valueName: "n", visibility: .hidden))
    var unanswered: Int?

    func validate() throws {
        for (flag, value, range) in [
            ("bundle-messages", bundleMessages, 1...1_000_000), ("requests", requests, 1...8),
            ("uplinks", uplinks, 1...4), ("unanswered", unanswered, 1...1_000_000), ("bundle", bundle, 1...1 << 30),
        ] {
            if let value, !range.contains(value) {
                throw ValidationError("--\(flag) must be \(range.lowerBound) to \(range.upperBound)")
            }
        }
        var configuration = ClientConfiguration()
        apply(to: &configuration)
        do { try configuration.session.validate() } catch { throw ValidationError("\(error)") }
    }

    /// What the library is told of it.
    func apply(to configuration: inout ClientConfiguration) {
        if let bundle { configuration.session.bundleBytes = bundle }
        if let bundleMessages { configuration.session.bundleMessages = bundleMessages }
        if let bundleDelay { configuration.session.bundleDelay = bundleDelay.amount }
        if let hold { configuration.session.pollHold = hold.amount }
        if let repeatTime { configuration.session.repeatTime = repeatTime.amount }
        if let requests { configuration.session.pollRequests = requests }
        if let uplinks { configuration.session.uplinkRequests = uplinks }
        if let unanswered { configuration.session.unansweredLimit = unanswered }
    }
}
