import NIOCore

/// The peer's side of FastCGI, written by hand from the specification and sharing nothing with the library.
enum Wire {
    static func record(_ type: UInt8, _ id: UInt16, _ content: [UInt8] = [], padding: Int = 0) -> [UInt8] {
        [
            1, type, UInt8(id >> 8), UInt8(id & 255), UInt8(content.count >> 8), UInt8(content.count & 255),
            UInt8(padding), 0,
        ]
            + content + [UInt8](repeating: 0xee, count: padding)
    }

    static func begin(_ id: UInt16 = 1, role: UInt8 = 1, keep: Bool = false) -> [UInt8] {
        self.record(1, id, [0, role, keep ? 1 : 0, 0, 0, 0, 0, 0])
    }

    static func abort(_ id: UInt16 = 1) -> [UInt8] { self.record(2, id) }

    static func length(_ number: Int) -> [UInt8] {
        if number < 128 { return [UInt8(number)] }
        return [UInt8(number >> 24) | 0x80, UInt8(number >> 16 & 255), UInt8(number >> 8 & 255), UInt8(number & 255)]
    }

    static func pair(_ name: String, _ value: String) -> [UInt8] {
        self.length(name.utf8.count) + self.length(value.utf8.count) + Array(name.utf8) + Array(value.utf8)
    }

    static func pairs(_ pairs: [(String, String)]) -> [UInt8] { pairs.flatMap { self.pair($0, $1) } }

    static func params(_ id: UInt16 = 1, _ content: [UInt8], padding: Int = 0) -> [UInt8] {
        self.record(4, id, content, padding: padding)
    }

    static func stdin(_ id: UInt16 = 1, _ text: String = "", padding: Int = 0) -> [UInt8] {
        self.record(5, id, Array(text.utf8), padding: padding)
    }

    static let getPairs = [("REQUEST_METHOD", "GET"), ("REQUEST_URI", "/a?b=c"), ("HTTP_HOST", "example.org")]

    /// Everything up to the end of the parameters.
    static func head(_ id: UInt16 = 1, _ pairs: [(String, String)] = Wire.getPairs, keep: Bool = false) -> [UInt8] {
        self.begin(id, keep: keep) + self.params(id, self.pairs(pairs)) + self.params(id, [])
    }

    /// A whole request.
    static func request(_ id: UInt16 = 1, body: String = "", keep: Bool = false) -> [UInt8] {
        self.head(id, keep: keep) + (body.isEmpty ? [] : self.stdin(id, body)) + self.stdin(id)
    }
}

/// A record as the peer sees it.
struct WireRecord: Equatable, CustomStringConvertible {
    var type: UInt8
    var id: UInt16
    var content: [UInt8]

    var text: String { String(decoding: self.content, as: UTF8.self) }

    var description: String { "(type \(self.type), id \(self.id), \(self.content.count): \(self.text.prefix(60)))" }

    static func end(_ id: UInt16 = 1, status: UInt8 = 0, application: UInt8 = 0) -> WireRecord {
        WireRecord(type: 3, id: id, content: [0, 0, 0, application, status, 0, 0, 0])
    }

    static func stdout(_ id: UInt16 = 1, _ text: String = "") -> WireRecord {
        WireRecord(type: 6, id: id, content: Array(text.utf8))
    }

    /// Takes whole records off the front.
    static func parse(_ bytes: inout [UInt8]) -> [WireRecord] {
        var records: [WireRecord] = []
        var index = 0
        while bytes.count - index >= 8 {
            let length = Int(bytes[index + 4]) << 8 | Int(bytes[index + 5])
            let total = 8 + length + Int(bytes[index + 6])
            guard bytes.count - index >= total, bytes[index] == 1 else { break }
            records.append(
                WireRecord(
                    type: bytes[index + 1], id: UInt16(bytes[index + 2]) << 8 | UInt16(bytes[index + 3]),
                    content: Array(bytes[(index + 8)..<(index + 8 + length)])))
            index += total
        }
        bytes.removeFirst(index)
        return records
    }
}

extension Array<WireRecord> {
    /// The text of the STDOUT records of a request.
    func output(_ id: UInt16 = 1) -> String {
        String(decoding: self.filter { $0.type == 6 && $0.id == id }.flatMap(\.content), as: UTF8.self)
    }

    func ends(_ id: UInt16 = 1) -> [WireRecord] { self.filter { $0.type == 3 && $0.id == id } }
}
