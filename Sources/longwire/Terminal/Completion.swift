internal import Foundation

/// What the Tab key makes of a line: the rest of a command, or of a file's name after `/send`.
struct Completion: Equatable {
    /// What is added at the cursor.
    var insertion = ""
    /// What it could become, where there is a choice.
    var choices: [String] = []

    /// Nil where there is nothing to complete.
    ///
    /// - Parameter text: the line up to the cursor.
    init?(_ text: String) {
        guard text.hasPrefix("/"), !text.hasPrefix("//") else { return nil }
        guard let space = text.firstIndex(of: " ") else {
            let commands = TypedLine.commands.filter { $0.hasPrefix(text) }
            self.init(commands.map { $0 == "/send" ? "/send " : $0 }, after: text)
            return
        }
        guard text[..<space] == "/send" else { return nil }
        self.init(path: String(text[space...].drop { $0 == " " }))
    }

    private init(path: String) {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[...$0]) } ?? ""
        let begun = slash.map { String(path[path.index(after: $0)...]) } ?? path
        let place = folder.isEmpty ? "." : FileToSend.expanded(folder)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
        let fitting = names.filter { name in
            name.hasPrefix(begun) && (begun.hasPrefix(".") || !name.hasPrefix("."))
                && name.unicodeScalars.allSatisfy { !Printable.isDangerous($0) }
        }
        let marked = fitting.sorted().map { name in
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: place + "/" + name, isDirectory: &isFolder)
            return exists && isFolder.boolValue ? name + "/" : name
        }
        self.init(marked, after: begun)
    }

    /// - Parameter begun: what stands there already; every candidate begins with it.
    private init(_ candidates: [String], after begun: String) {
        guard let first = candidates.first else { return }
        let common = candidates.dropFirst().reduce(first) { $0.commonPrefix(with: $1) }
        insertion = String(common.dropFirst(begun.count))
        choices = candidates.count > 1 ? candidates : []
    }

    /// The choices as people are shown them, in lines of `columns`.
    func listing(columns: Int, limit: Int = 100) -> String {
        var lines = [""]
        for choice in choices.prefix(limit) {
            let addition = (lines[lines.count - 1].isEmpty ? "" : "  ") + choice
            if lines[lines.count - 1].count + addition.count < columns {
                lines[lines.count - 1] += addition
            } else {
                lines.append(choice)
            }
        }
        if choices.count > limit { lines.append("and \(choices.count - limit) more") }
        return lines.filter { !$0.isEmpty }.joined(separator: "\n")
    }
}
