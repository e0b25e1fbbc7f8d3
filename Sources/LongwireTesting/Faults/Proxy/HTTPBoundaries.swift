internal import NIOCore

/// Finds where messages of HTTP/1.1 begin and end in a stream of bytes, and changes none of them.
struct HTTPBoundaries {
    /// Bytes of one message, with the framing they came in.
    struct Piece {
        var bytes: ByteBuffer
        /// The head, with the piece that begins a message.
        var head: HTTPMessageHead?
        var isEnd: Bool
    }

    private enum State {
        case head
        case data(Int, isChunk: Bool)
        case chunkSize, chunkEnd, trailer
        /// To the end of the connection: a body without length, another protocol, or something that is no HTTP.
        case rest
    }

    private static let headLimit = 64 * 1024
    private static let lineLimit = 4096

    private let isResponse: Bool
    private var state = State.head

    init(isResponse: Bool) { self.isResponse = isResponse }

    /// Takes the next piece off the front of `bytes`; nil when more must come first.
    ///
    /// - Parameter method: of the request that the next response answers.
    mutating func next(_ bytes: inout ByteBuffer, method: String = "") -> Piece? {
        guard bytes.readableBytes > 0 else { return nil }
        var head: HTTPMessageHead?
        var view = bytes.readableBytesView
        if case .head = state {
            guard let found = HTTPMessageHead(view) else {
                guard view.count > Self.headLimit else { return nil }
                state = .rest
                return Piece(bytes: take(view.count, &bytes), head: nil, isEnd: false)
            }
            head = found
            view = view.dropFirst(found.size)
            if begin(found, method: method) {
                return Piece(bytes: take(found.size, &bytes), head: found, isEnd: true)
            }
        }
        let isEnd = skipBody(&view)
        let count = bytes.readableBytes - view.count
        return count > 0 ? Piece(bytes: take(count, &bytes), head: head, isEnd: isEnd) : nil
    }

    private func take(_ count: Int, _ bytes: inout ByteBuffer) -> ByteBuffer {
        bytes.readSlice(length: count) ?? ByteBuffer()
    }

    /// - Returns: whether the message ends with its head.
    private mutating func begin(_ head: HTTPMessageHead, method: String) -> Bool {
        if isResponse {
            // What follows 101 is another protocol.
            if head.status == 101 || (method == "CONNECT" && head.status < 300) {
                state = .rest
                return false
            }
            if head.status < 200 || head.status == 204 || head.status == 304 || method == "HEAD" { return true }
        }
        if head.isChunked {
            state = .chunkSize
        } else if let length = head.length {
            guard length > 0 else { return true }
            state = .data(length, isChunk: false)
        } else {
            guard isResponse else { return true }
            state = .rest
        }
        return false
    }

    /// Drops from the front of `view` what belongs to the body.
    ///
    /// - Returns: whether the message is at its end.
    private mutating func skipBody(_ view: inout ByteBufferView) -> Bool {
        while !view.isEmpty {
            switch state {
            case .head: return true
            case .rest: view = view.dropFirst(view.count)
            case .data(let left, let isChunk):
                let count = min(left, view.count)
                view = view.dropFirst(count)
                if count < left {
                    state = .data(left - count, isChunk: isChunk)
                } else if isChunk {
                    state = .chunkEnd
                } else {
                    state = .head
                    return true
                }
            case .chunkSize, .chunkEnd, .trailer:
                guard let end = view.firstIndex(of: 0x0a) else {
                    guard view.count > Self.lineLimit else { return false }
                    state = .rest
                    continue
                }
                let line = String(decoding: view[..<end], as: UTF8.self).filter { !$0.isWhitespace }
                view = view[(end + 1)...]
                if takeLine(line) { return true }
            }
        }
        return false
    }

    /// - Returns: whether the message is at its end.
    private mutating func takeLine(_ line: String) -> Bool {
        switch state {
        case .chunkSize:
            guard let size = Int(line.prefix { $0 != ";" }, radix: 16), size >= 0 else {
                state = .rest
                return false
            }
            state = size > 0 ? .data(size, isChunk: true) : .trailer
        case .chunkEnd: state = .chunkSize
        case .trailer:
            guard line.isEmpty else { return false }
            state = .head
            return true
        default: break
        }
        return false
    }
}
