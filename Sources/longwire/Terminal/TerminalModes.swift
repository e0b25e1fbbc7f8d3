internal import Foundation
internal import NIOConcurrencyHelpers

/// The terminal's modes as they were before us, to be put back in every case.
enum TerminalModes {
    private struct Saved {
        var modes: termios?
        var marksPastes = false
    }

    private static let saved = NIOLockedValueBox(Saved())

    /// Remembers how the terminal is.
    static func save() {
        var modes = termios()
        guard tcgetattr(STDIN_FILENO, &modes) == 0 else { return }
        saved.withLockedValue { $0.modes = modes }
    }

    /// Asks the terminal to mark what is pasted (DEC mode 2004), or to stop that.
    static func markPastes(_ isOn: Bool) {
        let changes = saved.withLockedValue { saved in
            defer { saved.marksPastes = isOn }
            return saved.marksPastes != isOn
        }
        if changes { Descriptor.write((isOn ? "\u{1b}[?2004h" : "\u{1b}[?2004l").utf8, to: STDOUT_FILENO) }
    }

    /// Puts the terminal back, at once; harmless before ``save()``.
    static func restore() {
        markPastes(false)
        guard var modes = saved.withLockedValue({ $0.modes }) else { return }
        tcsetattr(STDIN_FILENO, TCSANOW, &modes)
    }
}
