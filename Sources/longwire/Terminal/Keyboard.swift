internal import CLibedit
internal import Foundation

/// The bytes of the keyboard as characters; what is not UTF-8 becomes the replacement character.
///
/// What the terminal marks as pasted becomes one character of its own, ``pasteKey``, and is then to be had from
/// ``takePaste()``.
struct Keyboard {
    /// Stands for a paste; no keyboard has it.
    static let pasteKey = wchar_t(LONGWIRE_PASTE_KEY)
    /// The longest text that is pasted, in bytes.
    static let pasteLimit = 256 * 1024
    private static let pasteBegins = Array("\u{1b}[200~".utf8)
    private static let pasteEnds = Array("\u{1b}[201~".utf8)

    private var bytes: [UInt8] = []
    private var position = 0
    /// The paste whose end has not come.
    private var pasting: [UInt8]?
    private var pasted: [UInt8] = []
    /// Whether there may be more.
    private(set) var isOpen = true

    /// Reads what is there; call it when something is.
    mutating func fill(from descriptor: Int32) {
        var chunk = [UInt8](repeating: 0, count: 4096)
        let count = chunk.withUnsafeMutableBytes { Descriptor.read(into: $0, from: descriptor) }
        if count > 0 { append(chunk[..<count]) } else { isOpen = false }
    }

    /// Takes what was read.
    mutating func append(_ more: some Collection<UInt8>) {
        bytes.removeFirst(position)
        position = 0
        bytes += more
    }

    /// The next whole character; nil when more bytes are needed.
    mutating func next() -> wchar_t? {
        if pasting != nil { return continuePaste() }
        guard position < bytes.count else { return nil }
        let first = bytes[position]
        if first == 0x1b {
            let start = bytes[position...].prefix(Self.pasteBegins.count)
            if start.elementsEqual(Self.pasteBegins) {
                position += start.count
                pasting = []
                return continuePaste()
            }
            // The rest of a key, or of the mark, is on its way.
            if Self.pasteBegins.starts(with: start), start.count > 1 { return nil }
        }
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

    /// What the last ``pasteKey`` stood for.
    mutating func takePaste() -> PastedText {
        defer { pasted = [] }
        return PastedText(pasted, limit: Self.pasteLimit)
    }

    private mutating func continuePaste() -> wchar_t? {
        var text = pasting ?? []
        pasting = nil
        let rest = bytes[position...]
        if let end = rest.firstRange(of: Self.pasteEnds) {
            Self.add(rest[..<end.lowerBound], to: &text)
            position = end.upperBound
            pasted = text
            return Self.pasteKey
        }
        // The end's mark may be cut in two.
        let kept = (1..<Self.pasteEnds.count).last { rest.suffix($0).elementsEqual(Self.pasteEnds.prefix($0)) } ?? 0
        Self.add(rest.dropLast(kept), to: &text)
        position = bytes.count - kept
        pasting = text
        return nil
    }

    /// Keeps no more than shows that it is too much.
    private static func add(_ bytes: ArraySlice<UInt8>, to text: inout [UInt8]) {
        text += bytes.prefix(max(pasteLimit + 1 - text.count, 0))
    }
}

/// What was pasted, as it may stand in a line.
struct PastedText: Equatable {
    /// With line feeds between its lines, and none at its end: nothing is sent before Enter.
    var text = ""
    /// How many control characters are missing.
    var leftOut = 0
    var isTooLong = false

    init(_ bytes: [UInt8], limit: Int) {
        guard bytes.count <= limit else {
            isTooLong = true
            return
        }
        var scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "\r":
                if scalars.first == "\n" { scalars.removeFirst() }
                text.unicodeScalars.append("\n")
            case "\n", "\t": text.unicodeScalars.append(scalar)
            default:
                if scalar.properties.generalCategory == .control {
                    leftOut += 1
                } else {
                    text.unicodeScalars.append(scalar)
                }
            }
        }
        while text.unicodeScalars.last == "\n" { text.unicodeScalars.removeLast() }
    }
}
