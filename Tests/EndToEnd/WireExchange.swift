import Foundation
import TestSupport

/// One HTTP request on a raw socket of its own, and what comes in answer.
final class WireExchange {
    private let connection: BadInputConnection
    private var raw: [UInt8] = []
    private var hasEnded = false

    init(
        port: Int, _ method: String, _ target: String, _ fields: [String] = [], body: [UInt8]? = nil
    ) async throws {
        connection = try BadInputConnection(port: port)
        let length = body.map { ["Content-Length: \($0.count)"] } ?? []
        let head = ["\(method) \(target) HTTP/1.1", "Host: 127.0.0.1"] + fields + length
        try await connection.send(Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (body ?? []))
    }

    private func pull() {
        raw += connection.takeAll()
        hasEnded = connection.isEnded
        raw += connection.takeAll()
    }

    /// The lines before the body, in small letters but for the status; empty while they are not whole.
    var head: String {
        pull()
        guard let end = raw.firstRange(of: Array("\r\n\r\n".utf8)) else { return "" }
        return String(decoding: raw[..<end.lowerBound], as: UTF8.self).lowercased()
    }

    var status: Int { head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0 }

    func field(_ name: String) -> String? {
        let line = head.components(separatedBy: "\r\n").first { $0.hasPrefix(name.lowercased() + ":") }
        return line.map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
    }

    /// The content of what came so far, and whether it is all.
    var body: (bytes: [UInt8], isWhole: Bool) {
        let head = head
        guard !head.isEmpty, let end = raw.firstRange(of: Array("\r\n\r\n".utf8)) else { return ([], false) }
        var rest = raw[end.upperBound...]
        if let length = field("content-length").flatMap({ Int($0) }) { return (Array(rest), rest.count >= length) }
        guard head.contains("transfer-encoding: chunked") else { return (Array(rest), hasEnded || status == 204) }
        var content: [UInt8] = []
        while let line = rest.firstRange(of: [13, 10]) {
            guard let size = Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16) else { break }
            let start = line.upperBound
            if size == 0 { return (content, true) }
            content += rest[start..<min(start + size, rest.endIndex)]
            guard start + size + 2 <= rest.endIndex else { break }
            rest = rest[(start + size + 2)...]
        }
        return (content, false)
    }

    var isAnswered: Bool { body.isWhole }
    var text: String { String(decoding: body.bytes, as: UTF8.self) }
    var frames: [WireFrame] { WireFrame.all(in: body.bytes) }
    var texts: [String] { frames.filter { $0.type == 0x0a }.map(\.text) }

    /// Waits for the whole answer.
    @discardableResult
    func answer() async throws -> [WireFrame] {
        try await eventually("a request is answered") { isAnswered }
        return frames
    }

    /// Waits for a part of what streams.
    func waits(_ what: String, _ condition: (WireExchange) -> Bool) async throws {
        try await eventually("\(what); there is \(frames)") { condition(self) }
    }

    func close() { connection.close() }
}
