/// OPENED: the first frame of every response that accepts.
package struct OpenedFrame: Equatable, Sendable {
    /// The version that both use from here on.
    package var version: UInt64 = 1
    package var identifier: SessionIdentifier
    /// The token, when the server made it.
    package var token: SessionToken?
    package var instance: SessionInstance
    package var received: UInt64
    package var limit: UInt64
    /// How much of the body may be unread: bytes, and pieces (0: any number).
    package var allowance: AllowanceLimit
    /// The longest silence of either direction, in milliseconds.
    package var heartbeat: UInt64
    /// How long the session outlives its last path, in milliseconds.
    package var resumeTime: UInt64
    /// The greatest age of a transaction in milliseconds, and the greatest size of its body in bytes; 0: no limit.
    package var greatestAge: UInt64
    package var greatestSize: UInt64
    package var parameters: [Parameter]

    package init(
        version: UInt64 = 1, identifier: SessionIdentifier, token: SessionToken? = nil, instance: SessionInstance,
        received: UInt64, limit: UInt64, allowance: AllowanceLimit, heartbeat: UInt64, resumeTime: UInt64,
        greatestAge: UInt64, greatestSize: UInt64, parameters: [Parameter] = []
    ) {
        self.version = version
        self.identifier = identifier
        self.token = token
        self.instance = instance
        self.received = received
        self.limit = limit
        self.allowance = allowance
        self.heartbeat = heartbeat
        self.resumeTime = resumeTime
        self.greatestAge = greatestAge
        self.greatestSize = greatestSize
        self.parameters = parameters
    }
}
