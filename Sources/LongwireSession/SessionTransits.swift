internal import Synchronization

/// The ways of a session's messages to its event loop and from there, for whoever is on another thread.
///
/// Most servlets stay on the loop and need neither: each is made when it is first used, from whichever thread.
struct SessionTransits: ~Copyable, Sendable {
    private let madeOutgoing = AtomicLazyReference<OutgoingTransit>()
    private let madeIncoming = AtomicLazyReference<IncomingTransit>()
    // Asked with every message; a lazy reference takes hundreds of instructions to say that it is none.
    private let hasOutgoing = Atomic(false)
    private let hasIncoming = Atomic(false)

    var outgoing: OutgoingTransit {
        if let made = outgoingIfUsed { return made }
        defer { hasOutgoing.store(true, ordering: .releasing) }
        return madeOutgoing.storeIfNil(OutgoingTransit())
    }
    var outgoingIfUsed: OutgoingTransit? { hasOutgoing.load(ordering: .acquiring) ? madeOutgoing.load() : nil }
    /// Whether no message is on its way to the loop.
    var hasNothingOutgoing: Bool { outgoingIfUsed?.isEmpty ?? true }

    var incoming: IncomingTransit {
        if let made = incomingIfUsed { return made }
        defer { hasIncoming.store(true, ordering: .releasing) }
        return madeIncoming.storeIfNil(IncomingTransit())
    }
    var incomingIfUsed: IncomingTransit? { hasIncoming.load(ordering: .acquiring) ? madeIncoming.load() : nil }
}
