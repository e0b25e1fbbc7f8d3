package import NIOCore

/// What is checked before a transaction is given to a session; it never changes.
///
/// Thousands of silent sessions are entered: what stands here a session should not have a second time.
package protocol SessionDirectoryEntry: Sendable {
    var identifier: SessionIdentifier { get }
    var token: SessionToken { get }
    var instance: SessionInstance { get }
    /// Mount and servlet of the URL; a session is found only below its own.
    var servlet: String { get }
    /// Who opened it.
    var principal: String? { get }
}

extension SessionDirectoryEntry {
    fileprivate func admits(_ open: OpenFrame, servlet: String, principal: String?) -> Bool {
        // Every part is looked at, whichever differs: the answer is one, and so is the time it takes.
        let isToken = open.token.map { $0 == token } ?? false
        let isInstance = open.instance.map { $0 == instance } ?? (open.transport != .uplink)
        let isPlace = servlet == self.servlet && principal == self.principal
        return isToken && isInstance && isPlace
    }
}

/// Which session an OPEN is for (Docs/protocol.md, rule 7), and what is remembered of those that ended.
///
/// One value serves a whole process, behind one lock; it knows sessions only by what is checked.
package struct SessionDirectory<Entry: SessionDirectoryEntry>: Sendable {
    /// What becomes of a transaction.
    package enum Decision {
        /// No such session yet, and this OPEN may make it: ``insert(_:)``.
        case create
        /// The session, for which identifier, token, servlet, principal and instance were checked.
        case existing(Entry)
        /// ABORT alone, with what the session had received when it ended.
        case refuse(CloseCode, received: UInt64, reason: String)
    }

    private var entries: [SessionIdentifier: Entry] = [:]
    private var tombstones: TombstoneRing

    /// An empty directory that remembers at most `tombstones` sessions that ended.
    package init(tombstones: Int) { self.tombstones = TombstoneRing(capacity: tombstones) }

    /// The sessions that live.
    package var count: Int { entries.count }
    /// The sessions that live, in no order.
    package var all: [Entry] { Array(entries.values) }

    /// The sessions that live, and those of which it is remembered how they ended.
    package var identifiers: Set<SessionIdentifier> { Set(entries.keys).union(tombstones.identifiers) }

    /// The session of this identifier, unchecked: for the process itself, never for a request.
    package func entry(of identifier: SessionIdentifier) -> Entry? { entries[identifier] }

    /// Decides what an OPEN is for.
    ///
    /// - Parameters:
    ///   - servlet: mount and servlet of the URL; a session is found only below its own.
    ///   - principal: who asks; it must be who opened the session.
    package mutating func decide(
        _ open: OpenFrame, servlet: String, principal: String?, now: NIODeadline
    ) -> Decision {
        // An uplink, a later poll and whoever has history name the instance: they never create.
        let mayCreate = open.instance == nil && open.transport != .uplink
        guard let identifier = open.identifier else { return mayCreate ? .create : Self.unknown }
        if let entry = entries[identifier] {
            return entry.admits(open, servlet: servlet, principal: principal) ? .existing(entry) : Self.unknown
        }
        guard let tombstone = tombstones.find(identifier, now: now) else { return mayCreate ? .create : Self.unknown }
        guard tombstone.admits(open, servlet: servlet, principal: principal) else { return Self.unknown }
        return .refuse(tombstone.code, received: tombstone.received, reason: tombstone.reason)
    }

    /// The one answer to everything that does not match.
    private static var unknown: Decision { .refuse(.noSuchSession, received: 0, reason: "") }

    /// Enters a session that was made for an OPEN which ``decide(_:servlet:principal:now:)`` let create one.
    package mutating func insert(_ entry: Entry) {
        tombstones.remove(entry.identifier)
        entries[entry.identifier] = entry
    }

    /// Takes a session out that has ended, and remembers for the resume time how.
    package mutating func remove(
        identifier: SessionIdentifier, finalReceived: UInt64, code: CloseCode, reason: String,
        resumeTime: TimeAmount, now: NIODeadline
    ) {
        guard let entry = entries.removeValue(forKey: identifier), resumeTime > .zero else { return }
        tombstones.insert(
            Tombstone(
                identifier: identifier, token: entry.token, instance: entry.instance, servlet: entry.servlet,
                principal: entry.principal, received: finalReceived, code: code, reason: reason,
                until: now + resumeTime))
    }

    /// Takes a session out that never had a used path: it was only an entry, and another OPEN may make it anew.
    package mutating func forget(identifier: SessionIdentifier) { entries[identifier] = nil }
}
