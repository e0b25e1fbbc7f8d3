internal import NIOCore

/// What is remembered of a session that ended.
struct Tombstone: Sendable {
    var identifier: SessionIdentifier
    var token: SessionToken
    var instance: SessionInstance
    var servlet: String
    var principal: String?
    /// The last number of the client's that had been received, with all before it.
    var received: UInt64
    var code: CloseCode
    var reason: String
    var until: NIODeadline

    func admits(_ open: OpenFrame, servlet: String, principal: String?) -> Bool {
        let isToken = open.token.map { $0 == token } ?? false
        let isInstance = open.instance.map { $0 == instance } ?? true
        let isPlace = servlet == self.servlet && principal == self.principal
        return isToken && isInstance && isPlace
    }
}

/// The sessions of a process that ended lately: a ring of fixed size, in which the newest replaces the oldest.
struct TombstoneRing: Sendable {
    private var slots: [Tombstone?]
    private var places: [SessionIdentifier: Int] = [:]
    private var next = 0

    init(capacity: Int) { slots = Array(repeating: nil, count: max(capacity, 0)) }

    var identifiers: some Collection<SessionIdentifier> { places.keys }

    mutating func insert(_ tombstone: Tombstone) {
        guard !slots.isEmpty else { return }
        remove(tombstone.identifier)
        if let old = slots[next] { places[old.identifier] = nil }
        slots[next] = tombstone
        places[tombstone.identifier] = next
        next = (next + 1) % slots.count
    }

    mutating func find(_ identifier: SessionIdentifier, now: NIODeadline) -> Tombstone? {
        guard let place = places[identifier], let tombstone = slots[place] else { return nil }
        guard tombstone.until > now else {
            remove(identifier)
            return nil
        }
        return tombstone
    }

    mutating func remove(_ identifier: SessionIdentifier) {
        guard let place = places.removeValue(forKey: identifier) else { return }
        slots[place] = nil
    }
}
