/// One message of a room, as it is remembered.
struct ChatEntry: Sendable, Equatable {
    /// Counts the messages of all rooms of a servlet.
    var number: UInt64
    /// Milliseconds since the start of 1970.
    var time: Int64
    /// Whose session it came from: the start of its identifier.
    var from: String
    var name: String
    var text: String

    /// What it takes of a room's memory, in bytes.
    var size: Int { text.utf8.count + name.utf8.count + 64 }

    /// As a client without format sees it.
    var line: String { "\(name): \(text)" }

    /// As a page sees it.
    var json: String {
        "{\"type\":\"message\",\"id\":\(number),\"time\":\(time),\"from\":\(Problem.quoted(from)),"
            + "\"name\":\(Problem.quoted(name)),\"text\":\(Problem.quoted(text))}"
    }
}
