internal import ArgumentParser

@main
struct LongwireCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "longwire",
        abstract: "Talks two ways with a servlet over one open HTTP transaction.",
        discussion: "Example:\n  longwire connect http://127.0.0.1:8080/longwire/echo",
        version: "0.1.0",
        subcommands: [Connect.self, Probe.self])
}
