/// The mark of one life of a session: 8 random bytes, made by the server with the session.
///
/// It tells a session from another one of the same identifier, on a restarted server or on another process.
public struct SessionInstance: Hashable, Sendable {
    let rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue }

    /// A fresh mark of the system's randomness.
    public static func random() -> SessionInstance { SessionInstance(rawValue: .random(in: .min ... .max)) }

    /// Makes a fresh mark.
    public static func random(using generator: inout some RandomNumberGenerator) -> SessionInstance {
        SessionInstance(rawValue: generator.next())
    }
}
