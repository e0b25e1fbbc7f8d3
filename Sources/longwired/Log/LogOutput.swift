internal import Foundation
internal import Logging
internal import Synchronization

/// Where all loggers of the process write, and how; both may change while it runs.
///
/// Usable from anywhere.
final class LogOutput: Sendable {
    private let descriptor: Int32
    private let isJournal: Bool
    private let level = Atomic(LogOutput.number(.notice))
    private let isJSON = Atomic(false)

    /// - Parameter isJournal: whether the reader is systemd's journal.
    init(descriptor: Int32 = 2, isJournal: Bool) {
        self.descriptor = descriptor
        self.isJournal = isJournal
    }

    /// Standard error, as this process was started with it.
    static var standardError: LogOutput {
        LogOutput(isJournal: isJournal(2, stream: ProcessInfo.processInfo.environment["JOURNAL_STREAM"]))
    }

    /// Whether `stream`, which systemd sets to device and inode of the journal's socket, is this descriptor's.
    ///
    /// A child whose output goes elsewhere inherits the variable all the same.
    static func isJournal(_ descriptor: Int32, stream: String?) -> Bool {
        var status = stat()
        guard let stream, fstat(descriptor, &status) == 0 else { return false }
        return stream == "\(status.st_dev):\(status.st_ino)"
    }

    /// Made once: it is asked for at every entry that might be written.
    private static let levels = Logger.Level.allCases

    private static func number(_ level: Logger.Level) -> Int { levels.firstIndex(of: level) ?? 0 }

    /// From which level on is written.
    var logLevel: Logger.Level {
        get { Self.levels[level.load(ordering: .relaxed)] }
        set { level.store(Self.number(newValue), ordering: .relaxed) }
    }

    var format: LogFormat {
        get { isJSON.load(ordering: .relaxed) ? .json : .text }
        set { isJSON.store(newValue == .json, ordering: .relaxed) }
    }

    /// Writes an entry with one call of the system, so that entries of several threads do not mix.
    func write(_ entry: LogEntry) {
        var bytes = Array((format == .json ? entry.json : entry.text(isJournal: isJournal)).utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                bytes = bytes.dropFirst(count)
            } else if errno != EINTR {
                return
            }
        }
    }
}
