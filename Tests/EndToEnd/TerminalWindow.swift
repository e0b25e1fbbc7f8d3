import Foundation
import TestSupport

/// A terminal with a person's keyboard: a tmux of its own with a shell in its only window.
final class TerminalWindow: Sendable {
    private let folder: TemporaryFolder
    private let socket: String
    private let server: ManagedProcess

    init(columns: Int = 60, rows: Int = 16) async throws {
        folder = try TemporaryFolder()
        socket = folder.path("tmux")
        let settings = try folder.write(
            "set -g status off\nset -g escape-time 0\nset -s set-clipboard on\nset -g history-limit 20000\n",
            to: "tmux.conf")
        // With -D tmux stays in the foreground, so that it is ours to end.
        server = try ManagedProcess("tmux", ["-S", socket, "-f", settings, "-D"])
        try await eventually("tmux answers") {
            try await self.tmux(
                [
                    "new-session", "-d", "-s", "w", "-x", "\(columns)", "-y", "\(rows)",
                    "env PS1='$ ' bash --norc --noprofile",
                ]
            ).status == .exited(0)
        }
        try await wait(for: "$")
    }

    deinit { server.stop() }

    @discardableResult
    func tmux(_ arguments: [String]) async throws -> ManagedProcess.Result {
        // Without -N it would start a server of its own, which nobody ends.
        try await ManagedProcess.run("tmux", ["-N", "-S", socket] + arguments)
    }

    /// Starts `longwire connect`, and waits until the line to type in is there; its exit code is shown at its end.
    func connect(_ url: String, _ options: String = "", environment: String = "") async throws {
        try await type("clear; \(environment) \(try BuiltProducts.longwire) connect \(options) '\(url)'; echo code=$?")
        try await press("Enter")
        try await wait(for: "connected over duplex")
        try await wait("the prompt") { $0.contains { $0.hasPrefix(">") } }
    }

    /// Types text as it is.
    func type(_ text: String) async throws { _ = try await tmux(["send-keys", "-t", "w", "-l", text]) }
    /// Presses keys by their names.
    func press(_ keys: String...) async throws { _ = try await tmux(["send-keys", "-t", "w"] + keys) }
    /// Changes the window's size.
    func resize(columns: Int, rows: Int) async throws {
        _ = try await tmux(["resize-window", "-t", "w", "-x", "\(columns)", "-y", "\(rows)"])
    }

    /// The rows on the screen, without spaces at their ends.
    func rows() async throws -> [String] {
        let text = try await tmux(["capture-pane", "-p", "-t", "w"]).output
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { row in
            String(row.reversed().drop { $0 == " " }.reversed())
        }
    }

    /// Everything that was on the screen and has left it at the top, then the screen.
    func everything() async throws -> [String] {
        try await tmux(["capture-pane", "-p", "-S", "-", "-t", "w"]).output.components(separatedBy: "\n").map { row in
            String(row.reversed().drop { $0 == " " }.reversed())
        }
    }

    /// The screen with the escape sequences of its colours.
    func colours() async throws -> String { try await tmux(["capture-pane", "-p", "-e", "-t", "w"]).output }

    /// Pastes text as a terminal does, marked as pasted where the program asked for that.
    func paste(_ text: String) async throws {
        let file = try folder.write(text, to: "paste")
        try await tmux(["load-buffer", "-b", "paste", file])
        try await tmux(["paste-buffer", "-p", "-r", "-d", "-b", "paste", "-t", "w"])
    }

    /// Records from now on, in a file, what programs write to the terminal.
    func record(in file: String) async throws { try await tmux(["pipe-pane", "-t", "w", "cat > \(file)"]) }

    /// The column and row of the cursor, from 0.
    func cursor() async throws -> (column: Int, row: Int) {
        let text = try await tmux(["display-message", "-p", "-t", "w", "#{cursor_x} #{cursor_y}"]).output
        let numbers = text.split(whereSeparator: { $0 == " " || $0 == "\n" }).compactMap { Int($0) }
        return (numbers[0], numbers[1])
    }

    /// Waits until the screen shows a text.
    func wait(for text: String, fileID: String = #fileID, line: Int = #line) async throws {
        try await wait("the screen shows “\(text)”", fileID: fileID, line: line) { $0.joined().contains(text) }
    }

    /// Waits until the screen is as wanted; shows it otherwise.
    @discardableResult
    func wait(
        _ what: String, fileID: String = #fileID, line: Int = #line, _ condition: ([String]) -> Bool
    ) async throws -> [String] {
        var last: [String] = []
        do {
            return try await eventually(valueOf: what, fileID: fileID, line: line) {
                last = try await self.rows()
                return condition(last) ? last : nil
            }
        } catch let error as TimedOut {
            throw TerminalTimedOut(description: error.description + "\n" + last.joined(separator: "\n"))
        }
    }
}

/// A wait for a screen, with what the screen showed instead.
struct TerminalTimedOut: Error, CustomStringConvertible {
    let description: String
}
