/// Where a value was given, as people look for it.
enum Origin: Sendable, Equatable, CustomStringConvertible {
    case standard
    /// Line and column begin with 1; line 0 means the file as a whole.
    case file(String, line: Int, column: Int)
    /// The variable's name.
    case environment(String)
    /// The flag with its dashes.
    case flag(String)

    var description: String {
        switch self {
        case .standard: "the default"
        case .file(let path, 0, _): path
        case .file(let path, let line, let column): "\(path):\(line):\(column)"
        case .environment(let name): name
        case .flag(let flag): flag
        }
    }

    var isFlag: Bool { if case .flag = self { true } else { false } }
}

/// What is wrong with a value, where it stands, and what would be right.
struct Complaint: Error, Sendable, Equatable, CustomStringConvertible {
    let origin: Origin
    let sentence: String

    init(_ origin: Origin, _ sentence: String) {
        self.origin = origin
        self.sentence = sentence
    }

    var description: String { "\(origin): \(sentence)" }
}

/// A text that somebody wrote as a value, and where.
struct Written: Sendable, Equatable {
    var text: String
    var origin: Origin
}
