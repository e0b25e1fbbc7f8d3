import Foundation
import NIOConcurrencyHelpers
import TestSupport

/// A connection of which the test decides every byte.
final class BadInputConnection: Sendable {
    private struct State {
        var received: [UInt8] = []
        var isEnded = false
        var isClosed = false
    }

    private let descriptor: Int32
    private let state = NIOLockedValueBox(State())

    /// Connects to a loopback port; a small `receiveBuffer` makes a reader that holds little.
    init(port: Int, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError("socket") }
        if var size = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7f00_0001).bigEndian)
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            let code = errno
            Glibc.close(descriptor)
            throw SystemError("connect to \(port)", code: code)
        }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    deinit { close() }

    /// Closes the connection; harmless when it is closed.
    func close() {
        state.withLockedValue { state in
            if !state.isClosed { Glibc.close(descriptor) }
            state.isClosed = true
        }
    }

    /// Writes what the other side takes now, and says how much that was; nil when the connection is gone.
    func sendSome(_ bytes: ArraySlice<UInt8>) -> Int? {
        let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if count >= 0 { return count }
        return errno == EAGAIN || errno == EINTR ? 0 : nil
    }

    /// Writes everything; what a closed connection does not take is dropped.
    func send(_ bytes: [UInt8]) async throws {
        var rest = bytes[...]
        try await eventually("\(bytes.count) bytes are taken") {
            while !rest.isEmpty {
                guard let count = sendSome(rest) else { return true }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    /// Reads what is there and gives all that came and was not taken, and whether the other side has ended.
    private func pull(_ state: inout State) {
        guard !state.isClosed, !state.isEnded else { return }
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count > 0 {
                state.received += chunk[..<count]
            } else {
                if count == 0 || (errno != EAGAIN && errno != EINTR) { state.isEnded = true }
                return
            }
        }
    }

    /// Whether the other side has closed, or reset, the connection.
    var isEnded: Bool {
        state.withLockedValue { state in
            pull(&state)
            return state.isEnded
        }
    }

    /// Takes the bytes that are there now.
    func takeAll() -> [UInt8] {
        state.withLockedValue { state in
            pull(&state)
            defer { state.received = [] }
            return state.received
        }
    }

    /// Waits for the other side's end and takes everything that came before.
    func takeToEnd(within limit: Duration = .seconds(20)) async throws -> String {
        var all: [UInt8] = []
        try await eventually(within: limit, "the other side closes the connection") {
            all += takeAll()
            return isEnded
        }
        all += takeAll()
        return String(decoding: all, as: UTF8.self)
    }
}

/// One HTTP exchange with everything said in it.
enum BadInputHTTP {
    /// Sends a request, waits until the connection ends (it asks for that), and gives the whole answer.
    static func exchange(
        port: Int, _ method: String, _ target: String, fields: [String] = [], host: String = "127.0.0.1",
        body: String = ""
    ) async throws -> BadInputAnswer {
        let connection = try BadInputConnection(port: port)
        let lines =
            [
                "\(method) \(target) HTTP/1.1", "Host: \(host)", "Connection: close",
                "Content-Length: \(body.utf8.count)",
            ]
            + fields
        try await connection.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
        return BadInputAnswer(try await connection.takeToEnd())
    }
}

/// An answer as its text.
struct BadInputAnswer: CustomStringConvertible {
    let description: String

    init(_ text: String) { description = text }

    /// 0 where there is no answer at all.
    var status: Int {
        let words = description.split(separator: "\r\n").first?.split(separator: " ") ?? []
        return words.count > 1 ? Int(words[1]) ?? 0 : 0
    }

    func field(_ name: String) -> String? {
        let head = description.components(separatedBy: "\r\n\r\n")[0]
        let line = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
        return line.map { String($0.dropFirst(name.count + 1)).trimmingCharacters(in: .whitespaces) }
    }

    /// Whether it is our problem body (RFC 9457) with this sentence.
    func isProblem(_ status: Int, _ detail: String) -> Bool {
        self.status == status && field("Content-Type") == "application/problem+json"
            && description.contains("\"detail\":\"\(detail)\"")
    }
}
