package import NIOCore

/// OPEN: the first frame of every transaction, from the client.
package struct OpenFrame: Equatable, Sendable {
    /// The highest version of the protocol that the client speaks.
    package var version: UInt64 = 1
    package var transport: TransportKind
    /// The path that the transaction opens or belongs to.
    package var path: UInt64
    package var identifier: SessionIdentifier?
    package var token: SessionToken?
    /// The session's mark, once the client must have just that session.
    package var instance: SessionInstance?
    /// The path that the client uses, 0 for none yet.
    package var using: UInt64
    /// Everything up to this number has arrived at the client.
    package var received: UInt64
    /// The client's credit for the server, counted from the start of the session.
    package var limit: UInt64
    package var parameters: [Parameter]

    package init(
        version: UInt64 = 1, transport: TransportKind, path: UInt64, identifier: SessionIdentifier?,
        token: SessionToken?, instance: SessionInstance?, using: UInt64, received: UInt64, limit: UInt64,
        parameters: [Parameter] = []
    ) {
        self.version = version
        self.transport = transport
        self.path = path
        self.identifier = identifier
        self.token = token
        self.instance = instance
        self.using = using
        self.received = received
        self.limit = limit
        self.parameters = parameters
    }

    /// How many bytes of PAD the client wants behind OPENED: the parameter `prelude`; no more than one frame holds.
    package var prelude: Int {
        guard !transport.isFiniteDown, transport != .uplink else { return 0 }
        let text = parameters.first { $0.key == "prelude" }?.value
        return text.flatMap { UInt32($0) }.map { min(Int($0), FrameLimits.payload) } ?? 0
    }

    /// How long the client at most wants a request of `poll` held: the parameter `hold`, in milliseconds.
    package var holdLimit: TimeAmount {
        let text = parameters.first { $0.key == "hold" }?.value
        return text.flatMap { UInt32($0) }.map { .milliseconds(Int64($0)) } ?? .hours(24)
    }
}
