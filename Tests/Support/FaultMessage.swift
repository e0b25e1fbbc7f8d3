import NIOCore

/// The head of a request or a response, as lines.
struct FaultHead {
    var start: String
    var fields: [(name: String, value: String)]

    /// Takes a head off the front of `bytes`; nil while it is not whole.
    init?(_ bytes: inout ByteBuffer) {
        let view = bytes.readableBytesView
        var end: Int?
        var index = view.startIndex
        while let line = view[index...].firstIndex(of: 0x0a) {
            // The empty line: "\n" after "\n" or "\n\r".
            if line == index || (line == index + 1 && view[index] == 0x0d) {
                end = line
                break
            }
            index = line + 1
        }
        guard let end, let text = bytes.readString(length: end + 1 - view.startIndex) else { return nil }
        var lines = text.split(whereSeparator: \.isNewline)[...]
        guard let first = lines.popFirst() else { return nil }
        start = String(first)
        fields = lines.compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            return (String(line[..<colon]), String(value))
        }
    }

    subscript(_ name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    mutating func set(_ name: String, _ value: String?) {
        fields.removeAll { $0.name.lowercased() == name.lowercased() }
        if let value { fields.append((name, value)) }
    }

    var isChunked: Bool { self["Transfer-Encoding"]?.lowercased() == "chunked" }
    var length: Int? { self["Content-Length"].flatMap { Int($0) } }
    /// Of a response.
    var status: Int { Int(start.split(separator: " ").dropFirst().first ?? "") ?? 0 }

    var bytes: ByteBuffer {
        ByteBuffer(string: start + "\r\n" + fields.map { "\($0.name): \($0.value)\r\n" }.joined() + "\r\n")
    }
}

/// Finds the body of one message in a stream of bytes, without its framing.
struct FaultBody {
    enum Framing {
        case length(Int)
        case chunked
        case untilClose
    }

    private enum State {
        case size, trailer, dataEnd, data(Int), untilClose, over
    }

    private var state: State

    init(_ framing: Framing) {
        switch framing {
        case .length(let length): state = length == 0 ? .over : .data(length)
        case .chunked: state = .size
        case .untilClose: state = .untilClose
        }
        isChunked = if case .chunked = framing { true } else { false }
    }

    private let isChunked: Bool
    var isOver: Bool { if case .over = state { true } else { false } }
    var endsWithConnection: Bool { if case .untilClose = state { true } else { false } }

    /// Takes what belongs to the body off the front of `bytes`.
    mutating func take(_ bytes: inout ByteBuffer) -> ByteBuffer {
        var content = ByteBuffer()
        while bytes.readableBytes > 0 {
            switch state {
            case .untilClose:
                content.writeBuffer(&bytes)
            case .data(let left):
                guard var piece = bytes.readSlice(length: min(left, bytes.readableBytes)) else { return content }
                let rest = left - piece.readableBytes
                content.writeBuffer(&piece)
                state = rest > 0 ? .data(rest) : isChunked ? .dataEnd : .over
            case .size, .trailer, .dataEnd:
                guard let line = Self.line(&bytes) else { return content }
                takeLine(line)
            case .over: return content
            }
        }
        return content
    }

    private mutating func takeLine(_ line: String) {
        switch state {
        case .dataEnd: state = .size
        case .size:
            let size = Int(line.prefix { $0 != ";" }, radix: 16) ?? 0
            state = size > 0 ? .data(size) : .trailer
        case .trailer: if line.isEmpty { state = .over }
        case .data, .untilClose, .over: break
        }
    }

    private static func line(_ bytes: inout ByteBuffer) -> String? {
        guard let end = bytes.readableBytesView.firstIndex(of: 0x0a) else { return nil }
        let text = bytes.readString(length: end + 1 - bytes.readerIndex) ?? ""
        return String(text.filter { !$0.isNewline })
    }
}
