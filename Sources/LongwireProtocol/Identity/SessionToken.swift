internal import NIOCore

/// The secret of a session: 32 random bytes, never in a URL or a log (Docs/protocol.md, "Words").
///
/// Two tokens are compared in constant time, and a token does not print itself.
public struct SessionToken: Sendable, Equatable, CustomStringConvertible {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    private init(_ words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    /// A fresh token of the system's randomness.
    public static func random() -> SessionToken { SessionToken((anyWord(), anyWord(), anyWord(), anyWord())) }

    private static func anyWord() -> UInt64 { UInt64.random(in: .min ... .max) }

    /// Makes a fresh token.
    public static func random(using generator: inout some RandomNumberGenerator) -> SessionToken {
        SessionToken((generator.next(), generator.next(), generator.next(), generator.next()))
    }

    /// Compares in constant time: how long it takes says nothing about where two tokens differ.
    public static func == (left: SessionToken, right: SessionToken) -> Bool {
        let difference =
            (left.words.0 ^ right.words.0) | (left.words.1 ^ right.words.1)
            | (left.words.2 ^ right.words.2) | (left.words.3 ^ right.words.3)
        return difference == 0
    }

    /// A placeholder: the secret never reaches a log.
    public var description: String { "<token>" }

    init?(bytes: inout ByteBuffer) {
        guard let first = bytes.readInteger(as: UInt64.self), let second = bytes.readInteger(as: UInt64.self),
            let third = bytes.readInteger(as: UInt64.self), let fourth = bytes.readInteger(as: UInt64.self)
        else { return nil }
        self.init((first, second, third, fourth))
    }

    func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(words.0)
        buffer.writeInteger(words.1)
        buffer.writeInteger(words.2)
        buffer.writeInteger(words.3)
    }
}
