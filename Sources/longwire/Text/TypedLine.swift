/// A typed line that begins with a slash; every other line is a message as it is.
enum TypedLine: Equatable {
    /// `//text` is the message `/text`.
    case message(String)
    case quit
    case status
    case help
    case unknown(String)

    /// Nil for a line without a slash in front.
    init?(_ line: String) {
        guard line.hasPrefix("/") else { return nil }
        if line.hasPrefix("//") {
            self = .message(String(line.dropFirst()))
            return
        }
        switch line.trimmed {
        case "/quit": self = .quit
        case "/status": self = .status
        case "/help": self = .help
        default: self = .unknown(line.trimmed)
        }
    }

    /// What people are told who asked for help, or for something that does not exist.
    var explanation: [String] {
        let commands = ["/quit ends the session, as Ctrl-D does; /status tells how it is; //text sends /text"]
        switch self {
        case .unknown(let line): return ["\(line) is not a command; nothing was sent"] + commands
        case .help: return commands
        case .message, .quit, .status: return []
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
