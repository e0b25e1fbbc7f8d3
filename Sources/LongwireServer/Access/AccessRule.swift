/// Who may use a servlet: asked for every transaction of its sessions, before anything else is done with it.
///
/// A session belongs to the principal that opened it: whoever resumes it, sends to it or ends it must be let in under
/// the same name, and have the session's token besides. A line that is open is cut when the proof it was let in with
/// (``AccessProof``) counts no more; without one it is not asked again, and its client opens a new one after
/// ``SessionConfiguration/greatestAge`` at the latest.
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
    ///
    /// A line that lasts is cut when `proof` counts no more; without one it goes on until its client ends it.
    case allowed(principal: String?, proof: (any AccessProof)? = nil)
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

extension AccessVerdict {
    /// Whether both come to the same for who asks; a proof is no part of it.
    public static func == (one: AccessVerdict, other: AccessVerdict) -> Bool {
        switch (one, other) {
        case (.allowed(let one, _), .allowed(let other, _)): one == other
        case (.missing, .missing): true
        case (.refused(let one, let logged), .refused(let other, let otherLogged)):
            one == other && logged == otherLogged
        case (.forbidden(let one), .forbidden(let other)), (.unavailable(let one), .unavailable(let other)):
            one == other
        default: false
        }
    }
}
