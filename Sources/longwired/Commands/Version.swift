internal import ArgumentParser
internal import LongwireServer

/// Says which longwired this is: `longwired version`.
struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints the version.", discussion: "Example: longwired version")

    func run() { print("longwired \(ServerVersion.text)") }
}
