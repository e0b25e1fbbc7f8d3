internal import Foundation
internal import Synchronization

/// How much went out and came in, shown on standard error while it lasts.
final class Progress: Sendable {
    private let report: Report
    /// The input's size in bytes, where it is a file.
    private let total: Int?
    private let sent = Atomic(0)
    private let received = Atomic(0)

    private static let interval = Duration.milliseconds(250)
    /// What is over sooner shows nothing.
    private static let patience = Duration.milliseconds(750)

    /// Progress for a pipe that somebody waits for, or nil: nobody sees it, or it would stand among the messages.
    init?(report: Report, isQuiet: Bool) {
        guard !isQuiet, isatty(STDERR_FILENO) == 1, isatty(STDIN_FILENO) == 0, isatty(STDOUT_FILENO) == 0,
            TerminalKind.canMoveCursor
        else { return nil }
        self.report = report
        total = Self.remainingBytes(of: STDIN_FILENO)
    }

    /// What a file still holds from where it will be read.
    private static func remainingBytes(of descriptor: Int32) -> Int? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return max(Int(status.st_size) - max(Int(lseek(descriptor, 0, SEEK_CUR)), 0), 0)
    }

    /// Input was dealt with.
    func sent(_ bytes: Int) { sent.add(bytes, ordering: .relaxed) }
    /// A message's payload was written.
    func received(_ bytes: Int) { received.add(bytes, ordering: .relaxed) }

    /// Shows it until cancelled, and then nothing.
    func show(line: LineState) async {
        let start = ContinuousClock.now
        var rate = ProgressRate()
        while (try? await Task.sleep(for: Self.interval)) != nil {
            let (out, back) = (sent.load(ordering: .relaxed), received.load(ordering: .relaxed))
            rate.add(out, back)
            guard ContinuousClock.now - start >= Self.patience else { continue }
            let text = ProgressText.line(sent: out, received: back, total: total, rate: rate, line: line)
            report.progress(String(text.prefix(max(columns - 1, 0))))
        }
        report.progress("")
    }

    private var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}

/// What a terminal can do.
enum TerminalKind {
    /// Whether TERM names one that can move its cursor.
    static var canMoveCursor: Bool {
        let name = ProcessInfo.processInfo.environment["TERM"] ?? ""
        return !name.isEmpty && name != "dumb"
    }
}
