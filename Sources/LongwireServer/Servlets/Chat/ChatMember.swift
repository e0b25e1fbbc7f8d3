internal import LongwireSession

/// Someone in a room.
struct ChatMember: Sendable {
    let name: String
    let room: String
    let session: Session
    /// Whether it gets events as JSON, as the page does, rather than lines for people.
    let isPage: Bool

    /// Whose messages are whose, without telling the identifier.
    var mark: String { String("\(session.identifier)".prefix(8)) }

    /// What tells it where it is, and what it missed.
    ///
    /// - Parameter seen: what it had from this history before; nil where it had nothing from it.
    func hello(_ history: ChatHistory, seen: UInt64?, remembered: Int) -> Message {
        let room = history.room(room)
        let (missed, isComplete) = seen.map(room.after) ?? (room.entries.suffix(remembered), false)
        return Message(
            "{\"type\":\"hello\",\"room\":\(Problem.quoted(self.room)),\"name\":\(Problem.quoted(name)),"
                + "\"mark\":\"\(mark)\",\"epoch\":\"\(history.epoch)\",\"last\":\(history.last),"
                + "\"isComplete\":\(isComplete),\"messages\":[\(missed.map(\.json).joined(separator: ","))]}")
    }
}
