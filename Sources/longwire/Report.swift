internal import Foundation
internal import Synchronization

/// Everything the program says that is not message data: sentences on standard error.
///
/// While the terminal screen runs they are shown there, above the line being typed. Never blocks the caller.
final class Report: Sendable {
    private let isQuiet: Bool
    private let isVerbose: Bool
    private let queue = DispatchQueue(label: "longwire.report")
    private let screen = Mutex<(@Sendable (String) -> Void)?>(nil)

    init(isQuiet: Bool, isVerbose: Bool) {
        self.isQuiet = isQuiet
        self.isVerbose = isVerbose
    }

    /// Where sentences go instead of standard error; nil: there again.
    func show(on screen: (@Sendable (String) -> Void)?) { self.screen.withLock { $0 = screen } }

    /// Told also to those who asked for quiet.
    func important(_ sentence: String) { write(sentence) }
    /// Told unless quiet was asked for.
    func note(_ sentence: String) { if !isQuiet { write(sentence) } }
    /// Told only to those who asked.
    func detail(_ sentence: String) { if isVerbose { write(sentence) } }

    private func write(_ sentence: String) {
        let line = "longwire: " + Printable.line(sentence)
        if let screen = screen.withLock({ $0 }) { return screen(line) }
        queue.async { Descriptor.write(Array((line + "\n").utf8), to: STDERR_FILENO) }
    }

    /// Waits until what was said is written.
    func flush() { queue.sync {} }
}
