internal import ArgumentParser
internal import LongwireServer
internal import NIOPosix

/// Ends a session: `longwired close ID`.
struct Close: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ends a session of a running longwired in good order; its client is told code and reason.",
        // The one made by itself is wider than a screen.
        usage: "longwired close <identifier> [--reason <reason>] [<options>]",
        discussion: "Example:\n  longwired close 00112233445566778899aabbccddeeff --reason \"back at noon\"")

    @Argument(help: "The session's identifier, from longwired sessions.")
    var identifier: String

    @Option(help: "What the client is told in words.")
    var reason = ""

    @Option(help: "The code that the client is told; 1000 and up are yours.")
    var code: UInt32 = 11

    @OptionGroup var control: ControlOption

    func validate() throws {
        guard SessionIdentifier(hex: identifier) != nil else {
            throw ValidationError("\"\(identifier)\" is not an identifier; it has 32 hexadecimal digits")
        }
        guard !reason.contains("\n") else { throw ValidationError("the reason must be one line") }
    }

    func run() async throws {
        _ = try await OperatorSocket.ask(
            "close \(identifier) \(code) \(reason)", path: control.chosen, on: .singletonMultiThreadedEventLoopGroup)
    }
}
