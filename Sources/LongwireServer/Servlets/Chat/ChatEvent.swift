internal import LongwireSession

/// What a room is told.
enum ChatEvent: Sendable {
    case joined(name: String, members: Int)
    case left(name: String, members: Int)
    case said(ChatEntry)
    case sentBytes(name: String, count: Int)

    /// As a person reads it in a terminal.
    var line: Message {
        switch self {
        case .joined(let name, _): Message("* \(name) joined")
        case .left(let name, _): Message("* \(name) left")
        case .said(let entry): Message(entry.line)
        case .sentBytes(let name, let count): Message("* \(name) sent \(count) bytes that are no text")
        }
    }

    /// As the page reads it.
    var json: Message {
        switch self {
        case .joined(let name, let members): Self.json("joined", name, members)
        case .left(let name, let members): Self.json("left", name, members)
        case .said(let entry): Message(entry.json)
        case .sentBytes(let name, let count):
            Message("{\"type\":\"bytes\",\"name\":\(Problem.quoted(name)),\"count\":\(count)}")
        }
    }

    private static func json(_ type: String, _ name: String, _ members: Int) -> Message {
        Message("{\"type\":\"\(type)\",\"name\":\(Problem.quoted(name)),\"members\":\(members)}")
    }
}
