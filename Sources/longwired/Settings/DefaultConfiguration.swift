/// Every key with what it means, its unit and its default: as a file to begin with, and as a table for reading.
enum DefaultConfiguration {
    /// A YAML file that says nothing but the defaults.
    static var yaml: String {
        var lines = heading
        var section = ""
        for setting in Setting.all {
            if setting.section != section, !setting.section.isEmpty { lines += ["", "\(setting.section):"] }
            if setting.section.isEmpty { lines.append("") }
            if setting.path == "session.heartbeat" { lines.insert(contentsOf: servlets, at: lines.count - 2) }
            section = setting.section
            let indent = section.isEmpty ? "" : "  "
            lines += wrapped("\(setting.about)\(more(setting))", indent + "# ")
            lines.append(indent + value(setting))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static let heading = """
        # The configuration of longwired. Every key is here, with its default; what you leave out stays at it.
        # A flag is stronger than a variable of the environment, and that is stronger than this file.
        # Times: 500ms, 15s, 10m, 1h. Sizes: bytes, or 64KiB, 1MiB, 1GiB. Keys marked "restart" are read only once;
        # everything else is read again on SIGHUP. Check it with: longwired check-config --config FILE
        """.split(separator: "\n").map(String.init)

    private static func more(_ setting: Setting) -> String {
        var facts = [setting.unit]
        if setting.isFixed { facts.append("restart") }
        return " (\(facts.joined(separator: "; ")))"
    }

    private static func value(_ setting: Setting) -> String {
        switch setting.form {
        case .list: "\(setting.name): []  # such as [\"\(setting.example)\"]"
        case .one: setting.standard.first.map { "\(setting.name): \($0)" } ?? "# \(setting.name): \(setting.example)"
        }
    }

    private static var servlets: [String] {
        var lines = ["", "# What is served, by the rest of the URL path: {mount}/NAME (echo, chat and clock)."]
        lines.append("servlets:")
        for (name, _) in ServletSpecification.standard.sorted(by: { $0.key < $1.key }) {
            lines.append("  \(name): \(name)")
        }
        lines += ["  # A program for each session, with its keys and their defaults:", "  # bot:"]
        for key in ServletKey.all {
            if key.name == "connect" { lines += ["  # A byte service that sessions are joined to:", "  # db:"] }
            if key.name == "kind" { lines += ["  # One that not everybody may use:", "  # room:"] }
            lines += wrapped("\(key.about) (\(key.unit))", "  #   # ")
            lines.append("  #   \(key.name): \(key.standard.isEmpty ? example(key.name) : key.standard)")
        }
        return lines
    }

    static func example(_ name: String) -> String {
        switch name {
        case "exec": "[\"python3\", \"/srv/bot.py\"]"
        case "connect": "tcp://127.0.0.1:6379"
        case "directory": "/srv"
        case "kind": "chat"
        case "access": "tokens:/etc/longwire/tokens"
        default: "{LANG: C.UTF-8}"
        }
    }

    private static func wrapped(_ text: String, _ prefix: String) -> [String] {
        var lines: [String] = []
        var line = prefix
        for word in text.split(separator: " ") {
            if line.count + word.count + 1 > 118, line != prefix {
                lines.append(line)
                line = prefix
            }
            line += (line == prefix ? "" : " ") + word
        }
        return lines + [line]
    }

    /// The tables of Docs/configuration.md.
    static var markdown: String {
        var lines = ["| key | flag | variable | default | meaning |", "|---|---|---|---|---|"]
        for setting in Setting.all {
            let standard = setting.standard.joined(separator: " ")
            lines.append(
                "| `\(setting.path)`\(setting.isFixed ? " ¹" : "") | `--\(setting.flag)` | `\(setting.variable)` | "
                    + "\(standard.isEmpty ? "none" : "`\(standard)`") | \(cell(setting.about)) (\(setting.unit)) |")
        }
        lines += ["", "| key of a servlet | default | meaning |", "|---|---|---|"]
        for key in ServletKey.all {
            lines.append(
                "| `\(key.name)` | \(key.standard.isEmpty ? "none" : "`\(key.standard)`") | \(cell(key.about)) "
                    + "(\(cell(key.unit))) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func cell(_ text: String) -> String { text.split(separator: "|").joined(separator: "\\|") }
}
