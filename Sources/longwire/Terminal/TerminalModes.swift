internal import Foundation
internal import Synchronization

/// The terminal's modes as they were before us, to be put back in every case.
enum TerminalModes {
    private static let saved = Mutex<termios?>(nil)

    /// Remembers how the terminal is.
    static func save() {
        var modes = termios()
        guard tcgetattr(STDIN_FILENO, &modes) == 0 else { return }
        saved.withLock { $0 = modes }
    }

    /// Puts the terminal back, at once; harmless before ``save()``.
    static func restore() {
        guard var modes = saved.withLock({ $0 }) else { return }
        tcsetattr(STDIN_FILENO, TCSANOW, &modes)
    }
}
