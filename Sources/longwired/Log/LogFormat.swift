/// How an entry of the log is written.
enum LogFormat: String, Sendable, CaseIterable {
    /// A line for people.
    case text
    /// A JSON object on a line of its own.
    case json
}
