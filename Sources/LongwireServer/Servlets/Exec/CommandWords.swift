internal import LongwireSession

/// Splits a command line into words as a shell does, without anything else that a shell does.
enum CommandWords {
    static func split(_ line: String) throws(ConfigurationError) -> [String] {
        var words: [String] = []
        var word: String?
        var characters = line.unicodeScalars.makeIterator()
        while let character = characters.next() {
            switch character {
            case " ", "\t", "\n", "\r":
                if let done = word { words.append(done) }
                word = nil
            case "'", "\"":
                word = (word ?? "") + (try quoted(by: character, &characters, in: line))
            case "\\":
                guard let next = characters.next() else {
                    throw ConfigurationError("the command \(line) ends with a backslash; write \\\\ for one")
                }
                word = (word ?? "") + String(next)
            default:
                word = (word ?? "") + String(character)
            }
        }
        if let word { words.append(word) }
        guard let program = words.first, !program.isEmpty else {
            throw ConfigurationError("the command is empty; write a program and its arguments, such as /usr/bin/cat -u")
        }
        return words
    }

    /// What stands before the closing quote.
    private static func quoted(
        by quote: Unicode.Scalar, _ characters: inout String.UnicodeScalarView.Iterator, in line: String
    ) throws(ConfigurationError) -> String {
        var text = String.UnicodeScalarView()
        while let character = characters.next() {
            if character == quote { return String(text) }
            guard quote == "\"", character == "\\", let next = characters.next() else {
                text.append(character)
                continue
            }
            // Between double quotes a backslash is one, except before these.
            if !["\"", "\\", "$", "`"].contains(next) { text.append(character) }
            text.append(next)
        }
        throw ConfigurationError("the command \(line) has no closing \(quote); write \\\(quote) for one that is meant")
    }
}
