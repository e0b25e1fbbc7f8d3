internal import ArgumentParser
internal import LongwireServer
internal import NIOPosix

/// Replaces a running longwired by what is installed now: `longwired upgrade`.
struct UpgradeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade",
        abstract: "Lets the longwired that is installed now take over from the running one.",
        discussion: """
            The new process gets the sockets, so that no connection is refused; the old
            one drains. It prints the new process's number, or why there is none; then
            the old one serves on. Example:
              longwired upgrade
            """)

    @OptionGroup var control: ControlOption

    func run() async throws {
        let answer = try await OperatorSocket.ask(
            "upgrade", path: control.chosen, on: .singletonMultiThreadedEventLoopGroup)
        for line in answer { print(line.hasPrefix("ok ") ? String(line.dropFirst(3)) : line) }
    }
}
