internal import NIOCore

/// The public name of a session: 16 random bytes, 32 hexadecimal digits in URLs (Docs/protocol.md, "Words").
public struct SessionIdentifier: Hashable, Sendable, CustomStringConvertible {
    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A fresh identifier of the system's randomness.
    public static func random() -> SessionIdentifier {
        SessionIdentifier(high: .random(in: .min ... .max), low: .random(in: .min ... .max))
    }

    /// Makes a fresh identifier.
    public static func random(using generator: inout some RandomNumberGenerator) -> SessionIdentifier {
        SessionIdentifier(high: generator.next(), low: generator.next())
    }

    /// The identifier that 32 hexadecimal digits name, or nil for any other text.
    public init?(hex text: some StringProtocol) {
        guard text.utf8.count == 32, text.utf8.allSatisfy({ $0 < 0x80 }), !text.hasPrefix("+"), !text.hasPrefix("-"),
            let high = UInt64(text.prefix(16), radix: 16), let low = UInt64(text.suffix(16), radix: 16),
            text.dropFirst(16).first != "+", text.dropFirst(16).first != "-"
        else { return nil }
        self.init(high: high, low: low)
    }

    /// The 32 hexadecimal digits.
    public var description: String {
        String(unsafeUninitializedCapacity: 32) { digits in
            for index in 0..<32 {
                let word = index < 16 ? high : low
                let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (index & 15))) & 15
                digits[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
            }
            return 32
        }
    }

    init?(bytes: inout ByteBuffer) {
        guard let high = bytes.readInteger(as: UInt64.self), let low = bytes.readInteger(as: UInt64.self) else {
            return nil
        }
        self.init(high: high, low: low)
    }

    func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(high)
        buffer.writeInteger(low)
    }
}
