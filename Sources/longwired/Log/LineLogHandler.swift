internal import Logging

/// A logger's end: adds its metadata and writes to the process's one output.
struct LineLogHandler: LogHandler {
    private let label: String
    private let output: LogOutput
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(label: String, output: LogOutput) {
        self.label = label
        self.output = output
    }

    /// The output's, for all loggers at once.
    var logLevel: Logger.Level {
        get { output.logLevel }
        set { output.logLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        all.merge(metadataProvider?.get() ?? [:]) { _, new in new }
        all.merge(event.metadata ?? [:]) { _, new in new }
        output.write(
            LogEntry(
                time: .now, level: event.level, label: label, message: event.message.description, metadata: all))
    }
}
