internal import Foundation
internal import LongwireServer
internal import Yams

/// What stands in a configuration file, each value with its place; everything that is wrong with it at once.
struct ConfigurationFile {
    private(set) var values: [String: [Written]] = [:]
    /// The servlets with the place of their names; nil where the file says nothing of them.
    private(set) var servlets: [String: (specification: ServletSpecification, origin: Origin)]?
    /// Who may use those that say so themselves.
    private(set) var servletAccess: [String: AccessSpecification] = [:]
    private(set) var complaints: [Complaint] = []
    private let path: String

    /// Reads the file.
    init(path: String) {
        self.path = path
        let data: Data
        do { data = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
            let why = FileManager.default.fileExists(atPath: path) ? "cannot be read" : "does not exist"
            complaints = [Complaint(.file(path, line: 0, column: 0), "the configuration file \(why)")]
            return
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            complaints = [Complaint(.file(path, line: 0, column: 0), "the configuration file is not UTF-8")]
            return
        }
        read(text)
    }

    /// Reads a text as if it stood in a file.
    init(text: String, path: String) {
        self.path = path
        read(text)
    }

    private mutating func read(_ text: String) {
        do {
            let document = try YAMLDocument(text)
            for key in document.twice {
                complaints.append(
                    Complaint(place(key.line, key.column), "\(key.name) is given twice; leave one of them out"))
            }
            guard let root = document.root, !Self.isNothing(root) else { return }
            guard let pairs = mapping(root, "the file must be keys with values, such as mount: /longwire") else {
                return
            }
            for (key, node) in pairs { readTop(key, node) }
        } catch {
            complaints.append(Complaint(place(error.line, error.column), error.sentence))
        }
    }

    // MARK: Keys

    private static let sections = Set(Setting.all.map(\.section)).subtracting([""])
    private static let topNames: [String] = {
        var names: [String] = []
        for setting in Setting.all {
            let name = setting.section.isEmpty ? setting.path : setting.section
            if !names.contains(name) { names.append(name) }
        }
        return names + ["servlets"]
    }()

    private mutating func readTop(_ key: Node, _ node: Node) {
        guard let name = name(of: key) else { return }
        if name == "servlets" { return readServlets(node, at: key) }
        if let setting = Setting.at(name) { return read(setting, node, at: key) }
        guard Self.sections.contains(name) else {
            return complain(
                key,
                "\(name) is not a key; "
                    + Nearest.hint(name, among: Self.topNames, elsewhere: Setting.all.map(\.path)))
        }
        let known = Setting.all.filter { $0.section == name }
        if Self.isNothing(node) { return }
        guard
            let pairs = mapping(
                node, "\(name) must hold keys with values: \(known.map(\.name).joined(separator: ", "))")
        else { return }
        for (key, node) in pairs {
            guard let word = self.name(of: key) else { continue }
            if let setting = known.first(where: { $0.name == word }) {
                read(setting, node, at: key)
            } else {
                let hint = Nearest.hint(word, among: known.map(\.name), elsewhere: Setting.all.map(\.path))
                complain(key, "\(name).\(word) is not a key; \(hint)")
            }
        }
    }

    private mutating func read(_ setting: Setting, _ node: Node, at key: Node) {
        switch (setting.form, node) {
        case (.list, .sequence(let items)):
            values[setting.path] = items.compactMap { text($0, of: setting.path) }
        case (_, .scalar):
            guard let value = text(node, of: setting.path) else { return }
            values[setting.path] = [value]
        default:
            let form =
                setting.form == .list ? "a list of texts, such as [\(setting.example)]" : "one value (\(setting.unit))"
            complain(node, "\(setting.path) must be \(form)")
        }
    }

    // MARK: Servlets

    private mutating func readServlets(_ node: Node, at key: Node) {
        let example = "servlets must hold a name and a kind each, such as echo: echo"
        if Self.isNothing(node) { return complain(key, "\(example); leave the key out for echo, chat and clock") }
        guard let pairs = mapping(node, example) else { return }
        if pairs.isEmpty { return complain(key, "\(example); leave the key out for echo, chat and clock") }
        var all: [String: (specification: ServletSpecification, origin: Origin)] = [:]
        for (key, node) in pairs {
            guard let name = name(of: key) else { continue }
            guard let specification = servlet(name, node, at: key) else { continue }
            all[name] = (specification, place(key))
        }
        servlets = all
    }

    private mutating func servlet(_ name: String, _ node: Node, at key: Node) -> ServletSpecification? {
        switch node {
        case .scalar where Self.isNothing(node):
            complain(key, "\(name) has no kind; write \(ServletSpecification.forms)")
        case .scalar(let scalar):
            do { return try ServletSpecification(scalar.string) } catch { complain(node, "\(error)") }
        case .mapping(let pairs): return servlet(name, pairs.map { ($0.key, $0.value) }, at: key)
        default: complain(node, "\(name) must be \(ServletSpecification.forms), or keys with exec, connect or kind")
        }
        return nil
    }

    private mutating func servlet(
        _ name: String, _ pairs: [(Node, Node)], at place: Node
    ) -> ServletSpecification? {
        var draft = ServletDraft()
        let before = complaints.count
        let names = pairs.map { $0.0.string ?? "" }
        let uses = [("exec", ServletKey.Use.program), ("connect", .service), ("kind", .builtIn)]
            .filter { names.contains($0.0) }
        guard uses.count == 1, let (main, use) = uses.first else {
            complain(
                place,
                "\(name) needs exec with a command, connect with an address, or kind with a word: one of the three")
            return nil
        }
        for (key, node) in pairs {
            guard let word = self.name(of: key) else { continue }
            guard let known = ServletKey.at(word) else {
                let fitting = ServletKey.all.filter { $0.use == use || $0.use == .every }.map(\.name)
                complain(key, "\(word) is not a key of a servlet; \(Nearest.hint(word, among: fitting))")
                continue
            }
            guard known.use == use || known.use == .every else {
                let other = known.use == .program ? "exec" : known.use == .service ? "connect" : "kind"
                complain(key, "\(word) is for a servlet with \(other), and this one has \(main)")
                continue
            }
            read(known, node, into: &draft)
        }
        guard complaints.count == before else { return nil }
        servletAccess[name] = draft.access
        switch use {
        case .program: return .exec(draft.program)
        case .service: return .connect(draft.service)
        case .builtIn, .every: return draft.kind
        }
    }

    private mutating func read(_ key: ServletKey, _ node: Node, into draft: inout ServletDraft) {
        switch (key.form, node) {
        case (.words, .scalar):
            guard let value = text(node, of: key.name) else { return }
            do { draft.program.command = try ServletSpecification.words(value.text) } catch {
                complain(node, "\(error)")
            }
        case (.words, .sequence(let items)):
            if items.isEmpty { complain(node, "\(key.name) must have a program") }
            for item in items { take(key, "", item, into: &draft) }
        case (.names, .mapping(let pairs)):
            for (name, value) in pairs { take(key, name.string ?? "", value, into: &draft, isFree: true) }
        case (.names, _) where Self.isNothing(node): break
        case (.one, .scalar): take(key, "", node, into: &draft)
        default: complain(node, "\(key.name) must be \(key.unit)")
        }
    }

    /// - Parameter isFree: whether an empty text is a value too.
    private mutating func take(
        _ key: ServletKey, _ name: String, _ node: Node, into draft: inout ServletDraft, isFree: Bool = false
    ) {
        guard case .scalar(let scalar) = node else { return complain(node, "\(key.name) must hold texts") }
        guard isFree || text(node, of: key.name) != nil else { return }
        if let sentence = key.read(&draft, name, scalar.string) { complain(node, sentence) }
    }

    // MARK: Nodes

    /// A text, not empty.
    private mutating func text(_ node: Node, of path: String) -> Written? {
        guard case .scalar(let scalar) = node else {
            complain(node, "\(path) must be texts")
            return nil
        }
        guard !Self.isNothing(node) else {
            complain(node, "\(path) has no value; leave the key out for the default")
            return nil
        }
        return Written(text: scalar.string, origin: place(node))
    }

    private mutating func mapping(_ node: Node, _ sentence: String) -> [(Node, Node)]? {
        guard case .mapping(let pairs) = node else {
            complain(node, sentence)
            return nil
        }
        return pairs.map { ($0.key, $0.value) }
    }

    /// A key's name; nil for what stood there twice, which was said.
    private mutating func name(of key: Node) -> String? {
        guard case .scalar(let scalar) = key else {
            complain(key, "a key must be a word")
            return nil
        }
        return YAMLDocument.isTwice(scalar.string) ? nil : scalar.string
    }

    /// Nothing, or one of the ways to write nothing.
    private static func isNothing(_ node: Node) -> Bool {
        guard case .scalar(let scalar) = node else { return false }
        if scalar.string.isEmpty { return true }
        return scalar.style == .plain && ["~", "null", "Null", "NULL"].contains(scalar.string)
    }

    private mutating func complain(_ node: Node, _ sentence: String) {
        complaints.append(Complaint(place(node), sentence))
    }

    private func place(_ node: Node) -> Origin { place(node.mark?.line ?? 1, node.mark?.column ?? 1) }
    private func place(_ line: Int, _ column: Int) -> Origin { .file(path, line: line, column: column) }
}
