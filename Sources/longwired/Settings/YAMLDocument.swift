internal import Yams

/// A YAML text as nodes that know where they stand.
///
/// Yams refuses a text in which a key stands twice, and does not say where. Here the second one is found, reported, and
/// renamed for Yams, so that everything else in the text can be looked at too.
struct YAMLDocument {
    /// What is wrong with a text that is no YAML.
    struct Failure: Error {
        var line = 1
        var column = 1
        let sentence: String
    }

    private(set) var root: Node?
    /// The keys that stand there another time.
    private(set) var twice: [(name: String, line: Int, column: Int)] = []

    /// Letters that nobody writes: one of them begins a key that was renamed, each another one.
    private static let marks: ClosedRange<UInt32> = 0xE000...0xE063

    static func isTwice(_ name: String) -> Bool {
        name.unicodeScalars.first.map { marks.contains($0.value) } ?? false
    }

    init(_ text: String) throws(Failure) {
        var text = text
        while true {
            do {
                root = try Parser(yaml: text, encoding: .utf8).singleRoot()
                break
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                let first = names.first ?? ""
                guard let letter = Unicode.Scalar(Self.marks.lowerBound + UInt32(twice.count)),
                    Self.marks.contains(letter.value),
                    let place = Self.rename(first, to: letter, after: context.mark, in: &text)
                else {
                    throw Failure(
                        line: context.mark.line, column: context.mark.column,
                        sentence: "\(first) is given twice; leave one of them out")
                }
                twice.append((first, place.line, place.column))
            } catch let error as YamlError {
                throw Self.failure(error)
            } catch {
                throw Failure(sentence: "\(error)")
            }
        }
    }

    /// Renames the next key of this name that is indented as the first, or follows it on its line.
    private static func rename(
        _ name: String, to letter: Unicode.Scalar, after first: Mark, in text: inout String
    ) -> (line: Int, column: Int)? {
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(Array.init)
        let scalars = Array(name.unicodeScalars)
        guard let head = scalars.first, head.value > 0x20 else { return nil }
        for line in (first.line - 1)..<max(lines.count, first.line) where line < lines.count {
            let begin = line == first.line - 1 ? first.column - 1 + scalars.count : 0
            for column in begin..<max(begin, lines[line].count - scalars.count + 1) {
                guard lines[line][column...].starts(with: scalars),
                    Self.isKey(lines[line], from: column, to: column + scalars.count)
                else { continue }
                let isInLine = line == first.line - 1
                let quote = column > 0 && "\"'".unicodeScalars.contains(lines[line][column - 1]) ? 1 : 0
                let isIndentedAlike =
                    column - quote == first.column - 1
                    && lines[line][..<(column - quote)].allSatisfy { $0 == " " }
                guard isInLine || isIndentedAlike else { continue }
                lines[line][column] = letter
                text = String(String.UnicodeScalarView(lines.joined(separator: ["\n"])))
                return (line + 1, column - quote + 1)
            }
        }
        return nil
    }

    /// Whether the word that ends there is followed by a colon and begins something.
    private static func isKey(_ line: [Unicode.Scalar], from start: Int, to end: Int) -> Bool {
        let begins = start == 0 || " {,\"'".unicodeScalars.contains(line[start - 1])
        let rest = line[end...].drop { $0 == "\"" || $0 == "'" || $0 == " " }
        return begins && rest.first == ":"
    }

    private static func failure(_ error: YamlError) -> Failure {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            Failure(line: mark.line, column: mark.column, sentence: "this is not YAML: \(problem)")
        case .reader(let problem, _, _, _): Failure(sentence: "this is not YAML: \(problem)")
        default: Failure(sentence: "this is not YAML")
        }
    }
}
