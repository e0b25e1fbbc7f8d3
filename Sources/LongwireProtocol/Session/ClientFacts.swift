package import NIOCore

/// What only a client's end of a session has: no part of ``SessionMachine``, of which a server holds thousands.
final class ClientFacts {
    var target: String?
    var authorization: String?
    var hasOtherTransports = true
    /// What the server says of its allowance, once it has.
    var allowanceLimit: AllowanceLimit?
    /// What the server says of the session's heartbeat and resume time, once it has.
    @OneWord var heartbeat: TimeAmount?
    @OneWord var resumeTime: TimeAmount?
    @OneWord var keepAlive: TimeAmount?
    var keptAliveAt: NIODeadline
    var lastIdle = (unanswered: TimeAmount.zero, outlived: TimeAmount.zero)

    init(now: NIODeadline) { keptAliveAt = now }
}

extension SessionMachine {
    /// The session's heartbeat: the server's, once it is known.
    package var heartbeat: TimeAmount { client?.heartbeat ?? configuration.heartbeat }
    /// The session's resume time: the server's, once it is known.
    package var resumeTime: TimeAmount { client?.resumeTime ?? configuration.resumeTime }
    /// Client: the path of the URL with its query, which a bare line's OPEN names.
    package var target: String? {
        get { client?.target }
        set { client?.target = newValue }
    }
    /// Client: what a bare line's OPEN says of who asks; not said where it is too long for a frame's parameters.
    package var authorization: String? {
        get { client?.authorization }
        set { client?.authorization = newValue }
    }
    /// Client: whether there is another way to the server than bare TCP, on which a refusal may be another's.
    package var hasOtherTransports: Bool {
        get { client?.hasOtherTransports ?? true }
        set { client?.hasOtherTransports = newValue }
    }
    /// Client: how often a PING goes where a direction is silent, so that bytes go both ways; nil: heartbeats do.
    package var keepAlive: TimeAmount? {
        get { client?.keepAlive }
        set { client?.keepAlive = newValue }
    }
    var keptAliveAt: NIODeadline {
        get { client?.keptAliveAt ?? startedAt }
        set { client?.keptAliveAt = newValue }
    }
    /// Of the used path that ended last: its longest silence that nothing was heard after, and the one it outlived.
    package internal(set) var lastIdle: (unanswered: TimeAmount, outlived: TimeAmount) {
        get { client?.lastIdle ?? (.zero, .zero) }
        set { client?.lastIdle = newValue }
    }
}
