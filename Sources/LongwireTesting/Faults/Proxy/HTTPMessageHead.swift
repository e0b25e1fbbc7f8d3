internal import NIOCore

/// What the head of a request or a response says of the bytes behind it.
struct HTTPMessageHead {
    /// How many bytes it takes, with the empty line.
    let size: Int
    /// Of a request.
    let method: String
    /// Of a response.
    let status: Int
    private(set) var isChunked = false
    private(set) var length: Int?

    /// Nil while it is not whole.
    init?(_ bytes: ByteBufferView) {
        var lines: [Substring] = []
        var start = bytes.startIndex
        while lines.isEmpty || lines.last != "" {
            guard let end = bytes[start...].firstIndex(of: 0x0a) else { return nil }
            let text = String(decoding: bytes[start..<end], as: UTF8.self)
            lines.append(text.last == "\r" ? text.dropLast() : text[...])
            start = end + 1
        }
        size = start - bytes.startIndex
        let first = lines[0].split(separator: " ", maxSplits: 2)
        method = first.first.map(String.init) ?? ""
        status = first.count > 1 ? Int(first[1]) ?? 0 : 0
        for line in lines.dropFirst() { takeField(line) }
    }

    private mutating func takeField(_ line: Substring) {
        guard let colon = line.firstIndex(of: ":") else { return }
        let value = line[line.index(after: colon)...].filter { !$0.isWhitespace }
        switch line[..<colon].lowercased() {
        case "transfer-encoding": isChunked = value.lowercased().hasSuffix("chunked")
        case "content-length": length = Int(value).flatMap { $0 >= 0 ? $0 : nil }
        default: break
        }
    }

    /// Whether bytes that came first on a connection may be a request; nil while there are too few to say.
    static func mayBegin(_ bytes: ByteBufferView) -> Bool? {
        let methods = ["GET ", "POST ", "PUT ", "HEAD ", "DELETE ", "OPTIONS ", "PATCH ", "CONNECT "]
        for method in methods {
            let count = min(bytes.count, method.utf8.count)
            guard bytes.prefix(count).elementsEqual(method.utf8.prefix(count)) else { continue }
            return count == method.utf8.count ? true : nil
        }
        return bytes.isEmpty ? nil : false
    }
}
