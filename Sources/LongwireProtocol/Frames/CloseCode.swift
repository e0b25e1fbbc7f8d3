/// Why a session, or a direction of it, came to an end (Docs/protocol.md, "Codes").
///
/// Codes below 1000 belong to the protocol; 1000 and up belong to applications.
public struct CloseCode: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
    /// The number on the wire.
    public var rawValue: UInt64

    /// A code from its number on the wire.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The conversation is done.
    public static let done = CloseCode(rawValue: 0)
    /// This server is going away: come back, elsewhere if you can.
    public static let goingAway = CloseCode(rawValue: 1)
    /// The other side broke the protocol.
    public static let protocolError = CloseCode(rawValue: 2)
    /// No version of the protocol is spoken by both.
    public static let version = CloseCode(rawValue: 3)
    /// The principal may not do this.
    public static let unauthorized = CloseCode(rawValue: 4)
    /// No servlet has this name.
    public static let noSuchServlet = CloseCode(rawValue: 5)
    /// No such session, or not with this token.
    public static let noSuchSession = CloseCode(rawValue: 6)
    /// A message is larger than the limit.
    public static let tooLarge = CloseCode(rawValue: 7)
    /// The server has as much to do as it takes.
    public static let overloaded = CloseCode(rawValue: 8)
    /// The session was not resumed, or not finished, in time.
    public static let expired = CloseCode(rawValue: 9)
    /// The servlet or the server failed.
    public static let internalError = CloseCode(rawValue: 10)
    /// An operator ended the session.
    public static let operatorEnded = CloseCode(rawValue: 11)
    /// The peer behind the servlet is gone.
    public static let peerGone = CloseCode(rawValue: 12)

    /// Whether opening a new session makes sense: at once elsewhere, or after a while.
    public var isWorthComingBack: Bool {
        switch self {
        case .goingAway, .overloaded, .expired, .noSuchSession, .peerGone: true
        default: false
        }
    }

    /// What the code says, in a few words.
    public var description: String {
        switch self {
        case .done: "done"
        case .goingAway: "going away"
        case .protocolError: "protocol error"
        case .version: "no common version"
        case .unauthorized: "unauthorized"
        case .noSuchServlet: "no such servlet"
        case .noSuchSession: "no such session"
        case .tooLarge: "too large"
        case .overloaded: "overloaded"
        case .expired: "expired"
        case .internalError: "internal error"
        case .operatorEnded: "ended by an operator"
        case .peerGone: "peer gone"
        default: "code \(rawValue)"
        }
    }
}
