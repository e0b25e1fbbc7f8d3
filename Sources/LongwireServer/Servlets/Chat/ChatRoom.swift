internal import LongwireSession
internal import NIOCore

/// Who is in a room, by the event loop that their sessions are on.
struct ChatRoom: Sendable {
    private struct Members: Sendable {
        let loop: any EventLoop
        var sessions: [SessionIdentifier: ChatMember] = [:]
    }

    private var loops: [ObjectIdentifier: Members] = [:]
    /// How many they are.
    private(set) var count = 0

    mutating func insert(_ member: ChatMember) {
        let loop = member.session.eventLoop
        let before = loops[ObjectIdentifier(loop), default: Members(loop: loop)].sessions
            .updateValue(member, forKey: member.session.identifier)
        if before == nil { count += 1 }
    }

    mutating func remove(_ member: ChatMember) {
        let loop = ObjectIdentifier(member.session.eventLoop)
        if loops[loop]?.sessions.removeValue(forKey: member.session.identifier) != nil { count -= 1 }
        if loops[loop]?.sessions.isEmpty == true { loops[loop] = nil }
    }

    /// Sends an event to everyone: one hop an event loop, in one order for all.
    func tell(_ event: ChatEvent) {
        let (line, json) = (event.line, event.json)
        for members in loops.values {
            members.loop.execute {
                for member in members.sessions.values where !member.session.offer(member.isPage ? json : line) {
                    member.session.finish(.overloaded, reason: "you read more slowly than this room talks")
                }
            }
        }
    }
}
