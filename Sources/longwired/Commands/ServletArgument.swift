internal import ArgumentParser
internal import LongwireServer

/// `NAME` or `NAME=KIND`, as after `--servlet`.
struct ServletArgument: ExpressibleByArgument {
    let name: String
    let kind: ServletKind

    static let kinds = ["echo", "chat", "clock"]

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        name = String(parts[0])
        switch parts.last {
        case "echo": kind = .inline(EchoServlet())
        case "chat": kind = .inline(ChatServlet())
        case "clock": kind = .task(ClockServlet())
        default: return nil
        }
    }
}
