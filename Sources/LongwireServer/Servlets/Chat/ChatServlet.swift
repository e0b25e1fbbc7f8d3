public import LongwireSession
internal import NIOConcurrencyHelpers
internal import NIOCore

/// Rooms in which everyone hears everyone: `?room=NAME` chooses the room, `?name=NAME` how the others see you.
///
/// Whoever joins gets the last messages of the room; joining and leaving are told to all. A member that cannot keep up
/// is ended with a reason rather than silently skipped. Of a text of more than 64 KiB the others get the beginning, of
/// bytes that are no text only that they were sent. In a browser its URL shows a page to talk with.
///
/// With `?format=json` every message to a client is an event: the first says in which room and by which name it is,
/// and brings the last messages; then `message`, `joined`, `left` and `bytes`. With `&since=EPOCH.NUMBER`, as far as it had got,
/// a client that was away is brought what it missed of the room, where that is still known.
public struct ChatServlet: InlineServlet {
    private struct State: Sendable {
        var rooms: [String: ChatRoom] = [:]
        var members: [SessionIdentifier: ChatMember] = [:]
        var history: ChatHistory
        var file: ChatHistoryFile?
    }

    /// The longest text that is passed on whole, in bytes.
    private static let textLimit = 64 * 1024
    /// How many messages of a room are kept for who was away.
    private static let kept = 100
    private let remembered: Int
    private let state: NIOLockedValueBox<State>

    /// A chat that shows the last `remembered` messages to whoever joins.
    ///
    /// Of each room the last 100 messages are kept in memory, at most 64 KiB, and those of at most 1,000 rooms that
    /// nobody is in.
    public init(remembered: Int = 20) {
        self.remembered = max(remembered, 0)
        state = NIOLockedValueBox(State(history: ChatHistory(limit: max(Self.kept, remembered))))
    }

    /// A chat whose history is also in a file, so that whoever was there before a restart of the server gets what was
    /// missed.
    ///
    /// - Parameter history: the path of a file for this chat alone, made where it is not there.
    /// - Throws: ``ConfigurationError`` where the file cannot be used, or is something else.
    public init(remembered: Int = 20, history path: String) throws(ConfigurationError) {
        self.remembered = max(remembered, 0)
        let (history, file) = try ChatHistoryFile.open(path, limit: max(Self.kept, remembered))
        state = NIOLockedValueBox(State(history: history, file: file))
    }

    /// What it is, in a few words.
    public var summary: String { "rooms where everyone hears everyone, with a page for browsers" }

    /// The page to talk with.
    public var page: ServletPage? { Self.chatPage }

    private static let chatPage = ServletPage(html: String(decoding: PackageResources.chat_html, as: UTF8.self))

    /// Joins the room.
    public func opened(_ session: Session, request: SessionRequest) {
        let query = request.query
        let member = ChatMember(
            name: Self.name(query["name"], or: "guest-\(session.identifier.description.prefix(4))"),
            room: Self.name(query["room"], or: "lobby"), session: session, isPage: query["format"] == "json")
        state.withLockedValue { state in
            if member.isPage {
                let seen = Self.seen(query["since"], of: state.history)
                _ = session.offer(member.hello(state.history, seen: seen, remembered: remembered))
            } else {
                for entry in state.history.room(member.room).entries.suffix(remembered) {
                    _ = session.offer(Message(entry.line))
                }
            }
            state.rooms[member.room, default: ChatRoom()].insert(member)
            state.history.entered(member.room)
            state.members[session.identifier] = member
            let count = state.rooms[member.room]?.count ?? 0
            state.rooms[member.room]?.tell(.joined(name: member.name, members: count))
        }
    }

    /// Tells the room.
    public func received(_ message: Message, in session: Session) {
        state.withLockedValue { state in
            guard let member = state.members[session.identifier] else { return }
            guard let text = Message(utf8: message.payload)?.text else {
                let count = message.payload.readableBytes
                state.rooms[member.room]?.tell(.sentBytes(name: member.name, count: count))
                return
            }
            let entry = state.history.append(
                Self.told(text), name: member.name, from: member.mark, room: member.room, time: WallClock.milliseconds)
            state.file?.append(ChatHistory.line(entry, room: member.room), of: state.history)
            state.rooms[member.room]?.tell(.said(entry))
        }
    }

    /// Leaves the room.
    public func ended(_ ending: SessionEnding, of session: Session) { leave(session) }

    /// Leaves the room at once, not only when the session is over.
    public func closed(_ code: CloseCode, reason: String, in session: Session) { leave(session) }

    private func leave(_ session: Session) {
        state.withLockedValue { state in
            guard let member = state.members.removeValue(forKey: session.identifier) else { return }
            state.rooms[member.room]?.remove(member)
            let count = state.rooms[member.room]?.count ?? 0
            state.rooms[member.room]?.tell(.left(name: member.name, members: count))
            guard count == 0 else { return }
            state.rooms[member.room] = nil
            state.history.left(member.room)
        }
    }

    /// A text, or its beginning: what others would not take ends nobody's session.
    private static func told(_ text: String) -> String {
        guard text.utf8.count > textLimit else { return text }
        return String(decoding: text.utf8.prefix(textLimit), as: UTF8.self) + " […]"
    }

    /// How far a client had got, where it was with this very history.
    private static func seen(_ since: String?, of history: ChatHistory) -> UInt64? {
        guard let since, let dot = since.lastIndex(of: "."), since[..<dot] == history.epoch else { return nil }
        // A number that was not given yet is of messages that a machine lost with its power.
        return UInt64(since[since.index(after: dot)...]).flatMap { $0 <= history.last ? $0 : nil }
    }

    /// A name as it was asked for, without control characters and of at most 32 characters and 128 bytes.
    private static func name(_ wanted: String?, or other: String) -> String {
        let kept = (wanted ?? "").unicodeScalars.filter {
            $0.properties.generalCategory != .control && $0.properties.generalCategory != .format
        }
        var name = String(String.UnicodeScalarView(kept).prefix(128)).prefix(32)
        // A character may carry any number of marks.
        while name.utf8.count > 128 { name.removeLast() }
        return name.isEmpty ? other : String(name)
    }
}
