internal import ArgumentParser

/// Prints a file with every key: `longwired default-config`.
struct DefaultConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints a configuration file with every key, its unit and its default.",
        discussion: "Example: longwired default-config > longwired.yaml")

    @Flag(help: "The same as tables of Markdown.")
    var markdown = false

    func run() {
        print(markdown ? DefaultConfiguration.markdown : DefaultConfiguration.yaml, terminator: "")
    }
}
