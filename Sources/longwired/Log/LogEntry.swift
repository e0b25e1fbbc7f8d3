internal import Logging

/// One entry of the log, and the two ways to write it.
///
/// Whatever comes from outside cannot leave its place: line feeds, other control characters and those that turn the
/// direction of text are spelled out.
struct LogEntry {
    var time: WallTime
    var level: Logger.Level
    var label: String
    var message: String
    var metadata: Logger.Metadata

    /// For people: time, level, program, message, then `name=value` in the order of the names.
    ///
    /// - Parameter isJournal: for systemd's journal, which has the time and takes the level as a number in front.
    func text(isJournal: Bool) -> String {
        let head = isJournal ? "<\(priority)>" : "\(time) \(level.rawValue) "
        var line = "\(head)\(label): \(LogText.plain(message))"
        for (name, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line += " \(LogText.plain(name))=\(LogText.word(value.description))"
        }
        return line + "\n"
    }

    /// For programs: time, level, label, message, and everything else as a field of its own.
    var json: String {
        var line = "{\"time\":\"\(time)\",\"level\":\"\(level.rawValue)\",\"label\":\(LogText.quoted(label))"
        line += ",\"message\":\(LogText.quoted(message))"
        for (name, value) in metadata.sorted(by: { $0.key < $1.key }) {
            let isTaken = ["time", "level", "label", "message"].contains(name)
            line += ",\(LogText.quoted(isTaken ? "metadata.\(name)" : name)):\(LogText.json(value))"
        }
        return line + "}\n"
    }

    /// The level as syslog and the journal number it.
    private var priority: Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
