internal import NIOCore

/// Reads a proxy's answer to CONNECT up to the empty line; what follows is the tunnel's.
struct ConnectAnswer: Sendable {
    /// An answer's head.
    struct Head: Sendable {
        var status: Int
        var reason: String
        /// The names in small letters.
        var fields: [(name: String, value: String)] = []

        /// The first field of this name, which is given in small letters.
        subscript(_ name: String) -> String? { fields.first { $0.name == name }?.value }
    }

    /// What came is no answer of a proxy.
    struct Unreadable: Error, Equatable {}

    /// The greatest head that is read, in bytes.
    static let limit = 32 * 1024

    private var line: [UInt8] = []
    private var head: Head?
    private var count = 0

    /// Reads on, as far as the answer goes.
    ///
    /// - Returns: the final answer once it is complete; interim ones (1xx) are passed over.
    mutating func read(_ bytes: inout ByteBuffer) throws(Unreadable) -> Head? {
        while let byte = bytes.readInteger(as: UInt8.self) {
            count += 1
            guard count <= Self.limit else { throw Unreadable() }
            if byte != UInt8(ascii: "\n") {
                line.append(byte)
            } else if let head = try lineEnded() {
                return head
            }
        }
        return nil
    }

    private mutating func lineEnded() throws(Unreadable) -> Head? {
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        let text = String(decoding: line, as: UTF8.self)
        line = []
        guard let head else {
            self.head = try Self.statusLine(text)
            return nil
        }
        if text.isEmpty {
            self.head = nil
            return (100..<200).contains(head.status) ? nil : head
        }
        guard let colon = text.firstIndex(of: ":") else { throw Unreadable() }
        let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        self.head?.fields.append((text[..<colon].lowercased(), String(value)))
        return nil
    }

    private static func statusLine(_ text: String) throws(Unreadable) -> Head {
        let parts = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), let status = Int(parts[1]), (100..<600).contains(status)
        else { throw Unreadable() }
        return Head(status: status, reason: parts.count == 3 ? String(parts[2]) : "")
    }
}
