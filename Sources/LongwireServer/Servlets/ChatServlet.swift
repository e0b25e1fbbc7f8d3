public import LongwireSession
internal import NIOConcurrencyHelpers
internal import NIOCore

/// Rooms in which everyone hears everyone: `?room=NAME` chooses the room, `?name=NAME` how the others see you.
///
/// Whoever joins gets the last messages of the room; joining and leaving are told to all. A member that cannot keep up
/// is ended with a reason rather than silently skipped. Of a text of more than 64 KiB the others get the beginning, of
/// bytes that are no text only that they were sent.
public struct ChatServlet: InlineServlet {
    private struct Member: Sendable {
        let name: String
        let room: String
        let session: Session
    }

    private struct Room: Sendable {
        var members: [SessionIdentifier: Member] = [:]
        var history: [String] = []
    }

    private struct State: Sendable {
        var rooms: [String: Room] = [:]
        var members: [SessionIdentifier: Member] = [:]
    }

    /// The longest text that is passed on whole, in bytes.
    private static let textLimit = 64 * 1024

    private let remembered: Int
    private let emptyRooms: Int
    private let state = NIOLockedValueBox(State())

    /// A chat that shows the last `remembered` messages to whoever joins, and keeps those of at most 1,000 rooms
    /// that nobody is in.
    public init(remembered: Int = 20) {
        self.remembered = max(remembered, 0)
        emptyRooms = 1000
    }

    /// What it is, in a few words.
    public var summary: String { "rooms where everyone hears everyone" }

    /// Joins the room.
    public func opened(_ session: Session, request: SessionRequest) {
        let query = request.query
        let room = Self.name(query["room"], or: "lobby")
        let name = Self.name(query["name"], or: "guest-\(session.identifier.description.prefix(4))")
        state.withLockedValue { state in
            let member = Member(name: name, room: room, session: session)
            var entered = state.rooms.removeValue(forKey: room) ?? Room()
            for line in entered.history { _ = session.offer(Message(line)) }
            entered.members[session.identifier] = member
            state.members[session.identifier] = member
            state.rooms[room] = entered
            tell("* \(name) joined", in: room, state: &state)
        }
    }

    /// Tells the room.
    public func received(_ message: Message, in session: Session) {
        state.withLockedValue { state in
            guard let member = state.members[session.identifier] else { return }
            guard let text = Message(utf8: message.payload)?.text else {
                let count = message.payload.readableBytes
                return tell("* \(member.name) sent \(count) bytes that are no text", in: member.room, state: &state)
            }
            tell("\(member.name): \(Self.told(text))", in: member.room, state: &state, remembering: true)
        }
    }

    /// Leaves the room.
    public func ended(_ ending: SessionEnding, of session: Session) { leave(session) }

    /// Leaves the room at once, not only when the session is over.
    public func closed(_ code: CloseCode, reason: String, in session: Session) { leave(session) }

    private func leave(_ session: Session) {
        state.withLockedValue { state in
            guard let member = state.members.removeValue(forKey: session.identifier) else { return }
            state.rooms[member.room]?.members[session.identifier] = nil
            tell("* \(member.name) left", in: member.room, state: &state)
            if let room = state.rooms[member.room], room.members.isEmpty {
                let empty = state.rooms.values.count { $0.members.isEmpty }
                if room.history.isEmpty || empty > emptyRooms { state.rooms[member.room] = nil }
            }
        }
    }

    /// Sends a line to everyone in a room: one hop an event loop, in one order for all.
    private func tell(_ line: String, in name: String, state: inout State, remembering: Bool = false) {
        if remembering, remembered > 0 {
            state.rooms[name]?.history.append(line)
            if let count = state.rooms[name]?.history.count, count > remembered {
                state.rooms[name]?.history.removeFirst(count - remembered)
            }
        }
        guard let members = state.rooms[name]?.members.values else { return }
        let message = Message(line)
        let loops = Dictionary(grouping: members) { ObjectIdentifier($0.session.eventLoop) }
        for members in loops.values {
            guard let loop = members.first?.session.eventLoop else { continue }
            loop.execute {
                for member in members where !member.session.offer(message) {
                    member.session.finish(.overloaded, reason: "you read more slowly than this room talks")
                }
            }
        }
    }

    /// A text, or its beginning: what others would not take ends nobody's session.
    private static func told(_ text: String) -> String {
        guard text.utf8.count > textLimit else { return text }
        return String(decoding: text.utf8.prefix(textLimit), as: UTF8.self) + " […]"
    }

    /// A name as it was asked for, without control characters and of at most 32 characters.
    private static func name(_ wanted: String?, or other: String) -> String {
        let kept = (wanted ?? "").unicodeScalars.filter {
            $0.properties.generalCategory != .control && $0.properties.generalCategory != .format
        }
        let name = String(String.UnicodeScalarView(kept)).prefix(32)
        return name.isEmpty ? other : String(name)
    }
}
