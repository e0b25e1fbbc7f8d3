internal import CLibedit

/// The typed lines that the arrow keys bring back; on the screen's thread.
///
/// A line that begins with a space is not remembered, as in many shells.
struct TypedHistory {
    private let history: OpaquePointer
    private let file: HistoryFile?
    private let failed: (String) -> Void

    /// - Parameter failed: told why lines are not kept.
    init?(editor: OpaquePointer, file: HistoryFile?, failed: @escaping (String) -> Void) {
        guard let history = longwire_history_open(editor, Int32(HistoryFile.lineLimit)) else { return nil }
        self.history = history
        self.failed = failed
        var lines: [String] = []
        var usable = file
        do { lines = try file?.load() ?? [] } catch {
            usable = nil
            failed("typed lines are not kept in \(file?.path ?? "a file"): \(error)")
        }
        self.file = usable
        for line in lines { remember(line) }
    }

    /// A line was entered.
    func add(_ line: String) {
        guard !line.isEmpty, !line.hasPrefix(" ") else { return }
        remember(line)
        do { try file?.append(line) } catch { failed("the line is not kept for the next run: \(error)") }
    }

    func close() { history_wend(history) }

    private func remember(_ line: String) {
        longwire_history_add(history, line.unicodeScalars.map { wchar_t(bitPattern: $0.value) } + [0])
    }
}
