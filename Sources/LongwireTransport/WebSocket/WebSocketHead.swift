/// The head of a WebSocket frame (RFC 6455 section 5.2).
struct WebSocketHead: Equatable {
    enum Opcode {
        static let continuation: UInt8 = 0x0
        static let text: UInt8 = 0x1
        static let binary: UInt8 = 0x2
        static let close: UInt8 = 0x8
        static let ping: UInt8 = 0x9
        static let pong: UInt8 = 0xA
    }

    /// The greatest head there is, in bytes.
    static let greatestSize = 14
    /// The greatest payload of a control frame, in bytes (section 5.5).
    static let controlLimit = 125

    var opcode: UInt8
    /// Whether no continuation follows.
    var isFinal: Bool
    /// The three bits that only an extension gives a meaning.
    var reserved: UInt8 = 0
    /// Of the payload, in bytes.
    var length: UInt64
    var mask: WebSocketMask?

    var isControl: Bool { opcode & 0x8 != 0 }
    /// Of the head, in bytes.
    var size: Int { 2 + (length < 126 ? 0 : length <= 0xFFFF ? 2 : 8) + (mask == nil ? 0 : 4) }

    init(opcode: UInt8, isFinal: Bool = true, length: Int, mask: WebSocketMask? = nil) {
        self.opcode = opcode
        self.isFinal = isFinal
        self.length = UInt64(length)
        self.mask = mask
    }

    /// Reads a head; nil while it is not whole.
    ///
    /// - Parameter size: what it took; lengths may be longer than they need to be.
    init?(_ bytes: UnsafeRawBufferPointer, size: inout Int) {
        guard bytes.count >= 2 else { return nil }
        let isMasked = bytes[1] & 0x80 != 0
        var index = 2
        switch bytes[1] & 0x7F {
        case 126:
            guard bytes.count >= 4 else { return nil }
            length = UInt64(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
            index = 4
        case 127:
            guard bytes.count >= 10 else { return nil }
            length = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
            index = 10
        case let short: length = UInt64(short)
        }
        if isMasked {
            guard bytes.count >= index + 4 else { return nil }
            mask = WebSocketMask(bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))
            index += 4
        }
        opcode = bytes[0] & 0x0F
        isFinal = bytes[0] & 0x80 != 0
        reserved = bytes[0] & 0x70
        size = index
    }

    /// Writes ``size`` bytes.
    func write(to bytes: UnsafeMutableRawBufferPointer) {
        let masked: UInt8 = mask == nil ? 0 : 0x80
        var index = 2
        bytes[0] = (isFinal ? 0x80 : 0) | opcode
        if length < 126 {
            bytes[1] = masked | UInt8(truncatingIfNeeded: length)
        } else if length <= 0xFFFF {
            bytes[1] = masked | 126
            bytes.storeBytes(of: UInt16(truncatingIfNeeded: length).bigEndian, toByteOffset: 2, as: UInt16.self)
            index = 4
        } else {
            bytes[1] = masked | 127
            bytes.storeBytes(of: length.bigEndian, toByteOffset: 2, as: UInt64.self)
            index = 10
        }
        if let mask { bytes.storeBytes(of: mask.word, toByteOffset: index, as: UInt32.self) }
    }
}
