/// The last messages of every room, with numbers that go on for as long as there is this history.
struct ChatHistory: Sendable {
    /// Tells the numbers of this history from those of another: one in memory ends with its process.
    private(set) var epoch: String
    /// The number of the last message of all rooms.
    private(set) var last: UInt64 = 0
    private(set) var rooms: [String: ChatRoomHistory] = [:]
    /// Up to this number, messages of rooms that are not here any more may be forgotten.
    private(set) var forgotten: UInt64 = 0
    /// How many messages of a room are kept.
    let limit: Int
    /// The rooms with messages in which somebody is.
    private var inhabited: Set<String> = []
    /// How many rooms that nobody is in are kept.
    static let emptyRooms = 1_000

    init(limit: Int) {
        self.limit = limit
        epoch = String(UInt64.random(in: 1 << 60...UInt64.max), radix: 36)
    }

    func room(_ name: String) -> ChatRoomHistory { rooms[name] ?? ChatRoomHistory(forgotten: forgotten) }

    /// Numbers a message and keeps it.
    mutating func append(_ text: String, name: String, from: String, room: String, time: Int64) -> ChatEntry {
        let entry = ChatEntry(number: last + 1, time: time, from: from, name: name, text: text)
        insert(entry, room: room)
        inhabited.insert(room)
        return entry
    }

    /// Somebody is in a room from now on, with or without messages.
    mutating func entered(_ room: String) { if rooms[room] != nil { inhabited.insert(room) } }

    /// The last has left a room: it is kept as one of those that nobody is in, or forgotten where they are enough.
    mutating func left(_ room: String) {
        inhabited.remove(room)
        if rooms.count - inhabited.count > Self.emptyRooms { remove(room) }
    }

    mutating func insert(_ entry: ChatEntry, room: String) {
        last = max(last, entry.number)
        rooms[room, default: ChatRoomHistory(forgotten: forgotten)].append(entry, limit: limit)
    }

    /// Forgets the messages of a room.
    mutating func remove(_ room: String) {
        guard let removed = rooms.removeValue(forKey: room) else { return }
        forgotten = max(forgotten, removed.entries.last?.number ?? 0)
    }

    // MARK: As text, for a file

    /// The first line of a file: what this history is.
    var heading: String { ["longwire-chat-1", epoch, "\(last)", "\(forgotten)"].joined(separator: "\t") }

    /// Everything, a line each.
    var lines: [String] {
        var lines = [heading]
        for (name, room) in rooms.sorted(by: { $0.key < $1.key }) {
            lines.append(Self.line("room", [name, "\(room.forgotten)"]))
            lines += room.entries.map { Self.line($0, room: name) }
        }
        return lines
    }

    static func line(_ entry: ChatEntry, room: String) -> String {
        line("said", [room, "\(entry.number)", "\(entry.time)", entry.from, entry.name, entry.text])
    }

    private static func line(_ kind: String, _ fields: [String]) -> String {
        ([kind] + fields.map(escaped)).joined(separator: "\t")
    }

    /// Reads what ``lines`` and later ``line(_:room:)`` wrote; a line that is cut off or no such line counts for nothing.
    ///
    /// - Returns: nil where the first line is none of ours.
    init?(lines: some Sequence<Substring>, limit: Int) {
        self.init(limit: limit)
        var isFirst = true
        for line in lines {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(Self.unescaped)
            if isFirst {
                guard fields.count == 4, fields[0] == "longwire-chat-1", let last = UInt64(fields[2]),
                    let forgotten = UInt64(fields[3])
                else { return nil }
                (epoch, self.last, self.forgotten, isFirst) = (fields[1], last, forgotten, false)
            } else if fields.count == 3, fields[0] == "room", let forgotten = UInt64(fields[2]) {
                rooms[fields[1]] = ChatRoomHistory(forgotten: forgotten)
            } else if fields.count == 7, fields[0] == "said", let number = UInt64(fields[2]),
                let time = Int64(fields[3])
            {
                insert(
                    ChatEntry(number: number, time: time, from: fields[4], name: fields[5], text: fields[6]),
                    room: fields[1])
            }
        }
        if isFirst { return nil }
        // Nobody is in any of them yet; those in which something was said last are kept.
        let newest = rooms.sorted { ($0.value.entries.last?.number ?? 0) > ($1.value.entries.last?.number ?? 0) }
        for (name, _) in newest.dropFirst(Self.emptyRooms) { remove(name) }
    }

    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { line, scalar in
            switch scalar {
            case "\\": line += "\\\\"
            case "\t": line += "\\t"
            case "\n": line += "\\n"
            case "\r": line += "\\r"
            default: line.unicodeScalars.append(scalar)
            }
        }
    }

    private static func unescaped(_ text: Substring) -> String {
        var plain = ""
        var isEscape = false
        for scalar in text.unicodeScalars {
            if isEscape {
                plain.unicodeScalars.append(["t": "\t", "n": "\n", "r": "\r"][scalar] ?? scalar)
                isEscape = false
            } else if scalar == "\\" {
                isEscape = true
            } else {
                plain.unicodeScalars.append(scalar)
            }
        }
        return plain
    }
}
