internal import ArgumentParser
internal import LongwireServer
internal import NIOPosix

/// Lists sessions: `longwired sessions`.
struct Sessions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the sessions of a running longwired, oldest first, a line of JSON each.",
        discussion: "Example:\n  longwired sessions")

    @OptionGroup var control: ControlOption

    func run() async throws {
        for line in try await OperatorSocket.ask(
            "sessions", path: control.chosen, on: .singletonMultiThreadedEventLoopGroup)
        {
            print(line)
        }
    }
}
