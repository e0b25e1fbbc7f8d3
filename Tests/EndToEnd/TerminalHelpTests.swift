import Foundation
import TestSupport
import Testing

/// What people read before they begin.
@Suite("Help, completions and manual pages", .timeLimit(.minutes(2)))
struct TerminalHelpTests {
    /// The flags in a help text, such as `--no-history` and `-v`.
    private static func flags(_ text: String) -> Set<String> {
        var flags: Set<String> = []
        for line in text.split(separator: "\n") {
            let line = line.drop { $0 == " " }
            guard line.hasPrefix("-") else { continue }
            // Up to the description, which stands two spaces further or in the next line.
            let names = line.components(separatedBy: "  ")[0]
            for word in names.split(whereSeparator: { ", /".contains($0) }) where word.hasPrefix("-") {
                flags.insert(String(word))
            }
        }
        return flags
    }

    private static func help(_ program: String, _ arguments: [String]) async throws -> String {
        try await ManagedProcess.mustRun(program, arguments)
    }

    // R: D6
    @Test("Every help fits a screen of 30 rows and 80 columns, and shows an example; bare longwire shows help")
    func helpFits() async throws {
        let longwire = try BuiltProducts.longwire
        for arguments in [[], ["--help"], ["connect", "--help"], ["help", "connect"]] {
            let text = try await Self.help(longwire, arguments)
            let lines = text.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count <= 30, "\(arguments): \(lines.count) rows")
            #expect(lines.allSatisfy { $0.count <= 80 }, "\(arguments)")
            #expect(text.contains("xample") && text.contains("longwire http://127.0.0.1:8080/longwire/echo"))
        }
    }

    // R: D6
    @Test("bash takes the completions, and completes commands, flags and their values")
    func completions() async throws {
        let folder = try TemporaryFolder()
        let longwire = try BuiltProducts.longwire
        for shell in ["zsh", "fish"] {
            let script = try await Self.help(longwire, ["--generate-completion-script", shell])
            #expect(script.contains("reconnect-limit"))
        }
        let script = try await Self.help(longwire, ["--generate-completion-script", "bash"])
        try folder.write(script, to: "longwire.bash")
        try folder.write("x", to: "ca.pem")
        func complete(_ words: [String]) async throws -> [String] {
            let line = words.joined(separator: " ")
            let text = try await ManagedProcess.mustRun(
                "bash",
                [
                    "--norc", "-c",
                    """
                    set -eu; . ./longwire.bash; set +eu
                    function=$(complete -p longwire | sed 's/.*-F \\([^ ]*\\).*/\\1/')
                    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE='\(line)'; COMP_POINT=${#COMP_LINE}
                    $function longwire "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}" 2>/dev/null
                    printf '%s\\n' "${COMPREPLY[@]}"
                    """, "bash",
                ] + words, folder: folder.path)
            return text.split(separator: "\n").map { String($0.trimmingSuffixSpaces) }
        }
        #expect(try await complete(["longwire", "con"]) == ["connect"])
        #expect(try await complete(["longwire", "connect", "--rec"]) == ["--reconnect-limit"])
        #expect(try await complete(["longwire", "connect", "--framed", ""]).sorted() == ["length", "netstring"])
        #expect(try await complete(["longwire", "connect", "--ca", "ca"]) == ["ca.pem"])
    }

    // R: D6
    @Test(
        "The manual pages name every flag that the programs have and no other, and are well-formed",
        arguments: [
            ("longwire", 1, [["--help-hidden"], ["connect", "--help-hidden"], ["chaos", "--help-hidden"]]),
            ("longwired", 8, [["--help-hidden"]]),
        ])
    func manuals(program: String, section: Int, commands: [[String]]) async throws {
        let page = Repository.path("man/\(program).\(section)")
        guard FileManager.default.fileExists(atPath: page) else {
            Issue.record("man/\(program).\(section) does not exist")
            return
        }
        let path = program == "longwire" ? try BuiltProducts.longwire : try BuiltProducts.longwired
        var commands = commands
        if program == "longwired" {
            // Every subcommand that its help lists.
            let help = try await Self.help(path, ["--help"])
            let names = help.components(separatedBy: "SUBCOMMANDS:\n").last?.split(separator: "\n") ?? []
            for line in names where line.hasPrefix("  ") && !line.hasPrefix("   ") {
                let name = String(line.dropFirst(2).prefix { $0 != " " })
                if !name.isEmpty, name != "See", name.first != "-" { commands.append([name, "--help-hidden"]) }
            }
        }
        var flags: Set<String> = []
        for command in commands { flags.formUnion(Self.flags(try await Self.help(path, command))) }
        let text = try await ManagedProcess.mustRun("mandoc", ["-T", "utf8", "-O", "width=200", page])
            .replacing(/.\u{8}/, with: "")
        let named = Set(text.matches(of: /(?:^|[\s,\[(|\/])(-{1,2}[A-Za-z][-A-Za-z]*)/).map { String($0.1) })
            // -vv is -v twice, and every program of this kind has the others without showing them.
            .subtracting(["-vv", "--generate-completion-script", "--help-hidden"])
        #expect(flags.subtracting(named).sorted() == [], "flags that man/\(program).\(section) does not name")
        let long = named.filter { $0.hasPrefix("--") }
        #expect(long.subtracting(flags).sorted() == [], "flags that only man/\(program).\(section) has")
        let lint = try await ManagedProcess.run("mandoc", ["-T", "lint", "-W", "warning", page])
        #expect(lint.status == .exited(0), "\(lint.output)")
        let groff = try await ManagedProcess.run("man", ["--warnings", "-l", page], environment: ["MANPAGER": "cat"])
        #expect(groff.status == .exited(0) && groff.errors == "", "\(groff.errors)")
    }
}

extension Substring {
    fileprivate var trimmingSuffixSpaces: Substring {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
