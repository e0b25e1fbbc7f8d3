/// A typed line that begins with a slash; every other line is a message as it is.
enum TypedLine: Equatable {
    /// `//text` is the message `/text`.
    case message(String)
    case quit
    case status
    case help
    /// `/send FILE`.
    case send(String)
    case unknown(String)

    /// The commands, for completion.
    static let commands = ["/help", "/quit", "/send", "/status"]

    /// Nil for a line without a slash in front.
    init?(_ line: String) {
        guard line.hasPrefix("/") else { return nil }
        if line.hasPrefix("//") {
            self = .message(String(line.dropFirst()))
            return
        }
        let line = line.trimmed
        let word = line.prefix { !$0.isWhitespace }
        let rest = line.dropFirst(word.count).drop { $0.isWhitespace }
        switch word {
        case "/quit" where rest.isEmpty: self = .quit
        case "/status" where rest.isEmpty: self = .status
        case "/help" where rest.isEmpty: self = .help
        case "/send" where !rest.isEmpty: self = .send(String(rest))
        default: self = .unknown(line)
        }
    }

    /// What people are told who asked for help, or for something that does not exist.
    var explanation: [String] {
        let commands = [
            "/send FILE sends a file's bytes as a message; //text sends /text",
            "/status tells how the session is; /quit ends it, as Ctrl-D does",
        ]
        switch self {
        case .unknown("/send"): return ["/send wants the name of a file; nothing was sent"]
        case .unknown(let line): return ["\(line) is not a command; nothing was sent"] + commands
        case .help: return commands
        case .message, .quit, .status, .send: return []
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        var line = self[...]
        while line.last?.isWhitespace == true { line.removeLast() }
        return String(line)
    }
}
