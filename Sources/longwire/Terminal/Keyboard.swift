internal import Foundation

/// The bytes of the keyboard as characters; what is not UTF-8 becomes the replacement character.
struct Keyboard {
    private var bytes: [UInt8] = []
    private var position = 0
    /// Whether there may be more.
    private(set) var isOpen = true

    /// Reads what is there; call it when something is.
    mutating func fill(from descriptor: Int32) {
        bytes.removeFirst(position)
        position = 0
        var chunk = [UInt8](repeating: 0, count: 1024)
        let count = chunk.withUnsafeMutableBytes { Descriptor.read(into: $0, from: descriptor) }
        if count > 0 { bytes += chunk[..<count] } else { isOpen = false }
    }

    /// The next whole character; nil when more bytes are needed.
    mutating func next() -> wchar_t? {
        guard position < bytes.count else { return nil }
        let first = bytes[position]
        let length =
            switch first {
            case 0xc2...0xdf: 2
            case 0xe0...0xef: 3
            case 0xf0...0xf4: 4
            default: 1
            }
        let rest = bytes[position...]
        if rest.count < length, rest.dropFirst().allSatisfy({ $0 & 0xc0 == 0x80 }) { return nil }
        var iterator = rest.prefix(length).makeIterator()
        var decoder = UTF8()
        guard case .scalarValue(let scalar) = decoder.decode(&iterator) else {
            position += 1
            return 0xfffd
        }
        position += length
        return wchar_t(bitPattern: scalar.value)
    }
}
