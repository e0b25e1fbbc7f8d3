internal import Foundation
internal import NIOConcurrencyHelpers

/// Everything the program says that is not message data: sentences on standard error, and how far it is.
///
/// While the terminal screen runs they are shown there, above the line being typed. Never blocks the caller.
final class Report: Sendable {
    private let isQuiet: Bool
    private let verbosity: Int
    private let queue = DispatchQueue(label: "longwire.report")
    private let screen = NIOLockedValueBox<Screen?>(nil)
    /// Frames are many: those that standard error does not take in time are counted instead.
    private let traces = NIOLockedValueBox(Traces())
    /// What stands in the last row of standard error; written by the queue alone.
    private let progress = NIOLockedValueBox("")

    /// Where sentences are shown while a screen runs.
    struct Screen: Sendable {
        let show: @Sendable (_ line: String, _ isTrace: Bool) -> Void
        /// Whether it has as much to show as it should.
        let isFull: @Sendable () -> Bool
    }

    private struct Traces {
        var waiting = 0
        var leftOut = 0
    }

    /// How many frames may wait for standard error.
    private static let tracesAhead = 10_000

    /// - Parameter verbosity: 1 tells of changes of the line, 2 of frames, too.
    init(isQuiet: Bool, verbosity: Int) {
        self.isQuiet = isQuiet
        self.verbosity = verbosity
    }

    /// Where sentences go instead of standard error; nil: there again.
    func show(on screen: Screen?) { self.screen.withLockedValue { $0 = screen } }

    /// Told also to those who asked for quiet.
    func important(_ sentence: String) { write(sentence) }
    /// Told unless quiet was asked for.
    func note(_ sentence: String) { if !isQuiet { write(sentence) } }
    /// Told only to those who asked.
    func detail(_ sentence: String) { if verbosity > 0 { write(sentence) } }

    private func write(_ sentence: String, isTrace: Bool = false) {
        let line = "longwire: " + Printable.line(sentence)
        if let screen = screen.withLockedValue({ $0 }) { return screen.show(line, isTrace) }
        queue.async { self.print(line) }
    }

    /// A frame went by.
    func trace(_ sentence: String) {
        let screen = screen.withLockedValue { $0 }
        let leftOut = traces.withLockedValue { traces -> Int? in
            guard !(screen?.isFull() ?? (traces.waiting >= Self.tracesAhead)) else {
                traces.leftOut += 1
                return nil
            }
            traces.waiting += 1
            defer { traces.leftOut = 0 }
            return traces.leftOut
        }
        guard let leftOut else { return }
        if leftOut > 0 { write("\(leftOut) frames are not shown: showing them takes too long") }
        write(sentence, isTrace: true)
        // Behind the sentence itself.
        queue.async { self.traces.withLockedValue { $0.waiting -= 1 } }
    }

    /// Shows how far it is, in place of what stood there; empty: nothing any more.
    func progress(_ text: String) {
        queue.async {
            let shown = self.progress.withLockedValue { shown in
                defer { shown = text }
                return shown
            }
            guard shown != text else { return }
            Descriptor.write((shown.isEmpty ? text : "\r\u{1b}[K" + text).utf8, to: STDERR_FILENO)
        }
    }

    private func print(_ line: String) {
        let shown = progress.withLockedValue { $0 }
        let erasing = shown.isEmpty ? "" : "\r\u{1b}[K"
        Descriptor.write((erasing + line + "\n" + shown).utf8, to: STDERR_FILENO)
    }

    /// Waits until what was said is written.
    func flush() { queue.sync {} }
}
