internal import ArgumentParser
internal import LongwireServer
internal import Logging

/// `NAME` or `NAME=KIND`, as after `--servlet`.
struct ServletArgument: ExpressibleByArgument {
    let name: String
    private let kindText: String

    static let kinds = ["echo", "chat", "clock", "exec:COMMAND", "tcp://HOST:PORT", "unix:PATH"]

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        name = String(parts[0])
        kindText = String(parts.count > 1 ? parts[1] : parts[0])
        let isKnown =
            ["echo", "chat", "clock"].contains(kindText)
            || parts.count > 1 && ["exec:", "tcp:", "unix:"].contains { kindText.hasPrefix($0) }
        guard isKnown else { return nil }
    }

    /// The servlet itself.
    func kind(logger: Logger) throws(ConfigurationError) -> ServletKind {
        switch kindText {
        case "echo": return .inline(EchoServlet())
        case "chat": return .inline(ChatServlet())
        case "clock": return .task(ClockServlet())
        case _ where kindText.hasPrefix("exec:"):
            let configuration = try ExecConfiguration(parsing: String(kindText.dropFirst(5)))
            return .task(try ExecServlet(configuration, logger: logger))
        default: return .task(ByteServiceServlet(try ByteServiceAddress(parsing: kindText), logger: logger))
        }
    }
}
