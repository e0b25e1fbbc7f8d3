internal import ArgumentParser

@main
struct LongwireCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "longwire",
        abstract: "Talks two ways with a servlet over one open HTTP transaction.",
        usage: "longwire [connect] [<options>] <url>",
        discussion: """
            Example:
              longwire http://127.0.0.1:8080/longwire/echo
            Options: longwire connect --help
            All of it, with exit codes: man longwire
            """,
        version: "0.1.0",
        subcommands: [Connect.self, Probe.self, Chaos.self],
        defaultSubcommand: Connect.self)

    static func main() async {
        // Without anything to do, say what could be done.
        await main(CommandLine.arguments.count > 1 ? nil : ["--help"])
    }
}
