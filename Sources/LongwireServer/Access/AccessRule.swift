/// Who may use a servlet: asked for every transaction of its sessions, before anything else is done with it.
///
/// A session belongs to the principal that opened it: whoever resumes it, sends to it or ends it must be let in under
/// the same name, and have the session's token besides. A line that is open is not asked again (``TokenAccess`` cuts it
/// when its token is taken back); its client opens a new one after ``SessionConfiguration/greatestAge`` at the latest.
///
/// ```swift
/// struct Staff: AccessRule {
///     func judge(_ request: SessionRequest) -> AccessAnswer {
///         guard let token = request.bearerToken else { return .now(.missing) }
///         return .later { await directory.user(of: token).map { .allowed(principal: $0) } ?? .refused("unknown token") }
///     }
/// }
/// ```
public protocol AccessRule: Sendable {
    /// Who asks, or why not; called on an event loop, so that it must not block.
    ///
    /// What takes its time is for ``AccessAnswer/later(_:)``: other transactions go on meanwhile.
    func judge(_ request: SessionRequest) -> AccessAnswer

    /// What a 401 asks for, as in the field `WWW-Authenticate`.
    var challenge: String { get }
}

extension AccessRule {
    /// A bearer token (RFC 6750).
    public var challenge: String { "Bearer realm=\"longwire\"" }
}

/// What a rule says, at once or when it knows.
public enum AccessAnswer: Sendable {
    /// It knows.
    case now(AccessVerdict)
    /// It has to ask; who takes longer than the time to OPEN is answered 503.
    case later(@Sendable () async -> AccessVerdict)
}

/// Whether somebody is let in.
public enum AccessVerdict: Sendable, Equatable {
    /// Under this name, of 1 to 256 bytes without control characters; without one, everybody is the same.
    case allowed(principal: String?)
    /// There are no credentials: 401, and nobody is blamed.
    case missing
    /// The credentials are wrong, for a reason without anything of them: 401, and it counts as a failure.
    ///
    /// `logged` is what the log says in its place, where a stranger need not know it.
    case refused(String, logged: String? = nil)
    /// It is known who asks, and they may not: 403.
    case forbidden(String)
    /// It cannot be found out now: 503.
    case unavailable(String)
}
