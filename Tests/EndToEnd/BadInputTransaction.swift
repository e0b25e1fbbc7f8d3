import Foundation
import LongwireProtocol
import NIOCore
import TestSupport

/// Who a client says it is.
struct BadInputIdentity {
    var identifier: SessionIdentifier
    var token: SessionToken

    init() {
        var random = SystemRandomNumberGenerator()
        identifier = .random(using: &random)
        token = .random(using: &random)
    }

    /// An OPEN as a well-behaved client sends it; the test changes what it wants.
    func open(path: UInt64 = 1, using: UInt64? = nil, received: UInt64 = 0) -> OpenFrame {
        OpenFrame(
            transport: .duplex, path: path, identifier: identifier, token: token, instance: nil, using: using ?? path,
            received: received, limit: 256 * 1024)
    }
}

/// A duplex transaction of which the test decides every frame.
final class BadInputTransaction {
    let connection: BadInputConnection
    private let isChunked: Bool
    private(set) var head = ""
    private var raw: [UInt8] = []
    private var decoder = FrameDecoder()
    private var frames: [Frame] = []
    private var hasBodyEnded = false

    /// Sends the head of the request: chunked, or with a declared length that is never reached.
    init(
        port: Int, servlet: String = "echo", mount: String = "/longwire", declaredLength: Int? = nil,
        receiveBuffer: Int32? = nil
    ) async throws {
        connection = try BadInputConnection(port: port, receiveBuffer: receiveBuffer)
        isChunked = declaredLength == nil
        let length = declaredLength.map { "Content-Length: \($0)" } ?? "Transfer-Encoding: chunked"
        try await connection.send(
            "POST \(mount)/\(servlet) HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/vnd.longwire\r\n"
                + "\(length)\r\n\r\n")
    }

    // MARK: Up

    /// Sends bytes as one piece of the body.
    func send(_ bytes: [UInt8]) async throws {
        guard isChunked else { return try await connection.send(bytes) }
        try await connection.send(Array((String(bytes.count, radix: 16) + "\r\n").utf8) + bytes + [13, 10])
    }

    func send(_ frames: Frame...) async throws {
        var buffer = ByteBuffer()
        for frame in frames { FrameEncoder.write(frame, to: &buffer) }
        try await send(Array(buffer.readableBytesView))
    }

    func sendText(_ text: String, number: UInt64) async throws {
        try await send(.numbered(NumberedFrame(number: number, content: .text(ByteBuffer(string: text)))))
    }

    /// Ends the body.
    func endBody() async throws { if isChunked { try await connection.send("0\r\n\r\n") } }

    // MARK: Down

    private func pull() throws {
        raw += connection.takeAll()
        if head.isEmpty {
            guard let end = raw.firstRange(of: Array("\r\n\r\n".utf8)) else { return }
            head = String(decoding: raw[..<end.upperBound], as: UTF8.self)
            raw.removeFirst(end.upperBound)
        }
        var body: [UInt8] = []
        if head.lowercased().contains("transfer-encoding: chunked") {
            while !hasBodyEnded, let line = raw.firstRange(of: [13, 10]),
                let size = Int(String(decoding: raw[..<line.lowerBound], as: UTF8.self), radix: 16),
                raw.count >= line.upperBound + size + 2
            {
                body += raw[line.upperBound..<(line.upperBound + size)]
                raw.removeFirst(line.upperBound + size + 2)
                if size == 0 { hasBodyEnded = true }
            }
        } else {
            body = raw
            raw = []
        }
        guard head.lowercased().contains("content-type: application/vnd.longwire") else {
            // A problem, or a web server's own page: there is nothing to wait for.
            hasBodyEnded = true
            return
        }
        decoder.append(ByteBuffer(bytes: body))
        while let frame = try decoder.next() { frames.append(frame) }
    }

    /// Whether the response has come to an end, however.
    func isOver() throws -> Bool {
        // Asked first: what came before the end is then read below.
        let isEnded = connection.isEnded
        try pull()
        return hasBodyEnded || isEnded
    }

    /// The next frame that `choose` wants, dropping others; nil when the response ends without it.
    func next<Value>(_ what: String, _ choose: (Frame) -> Value?) async throws -> Value? {
        try await eventually(valueOf: what) { () -> Value?? in
            let isOver = try self.isOver()
            try self.pull()
            while !self.frames.isEmpty {
                if let value = choose(self.frames.removeFirst()) { return .some(.some(value)) }
            }
            return isOver ? .some(nil) : nil
        }
    }

    func opened() async throws -> OpenedFrame? {
        try await next("OPENED") { if case .opened(let frame) = $0 { frame } else { nil } }
    }

    func abort() async throws -> AbortFrame? {
        try await next("ABORT") { if case .abort(let frame) = $0 { frame } else { nil } }
    }

    func text() async throws -> String? {
        try await next("a text") { frame -> String? in
            guard case .numbered(let numbered) = frame, case .text(let payload) = numbered.content else { return nil }
            return String(buffer: payload)
        }
    }

    /// Waits for the response's end, and gives the frames that came before.
    func framesToEnd() async throws -> [Frame] {
        try await eventually("the response ends") { try self.isOver() }
        return frames
    }

    /// Sends OPEN and waits for its answer.
    static func opened(
        port: Int, servlet: String = "echo", _ open: OpenFrame, declaredLength: Int? = nil,
        receiveBuffer: Int32? = nil
    ) async throws -> BadInputTransaction {
        let transaction = try await BadInputTransaction(
            port: port, servlet: servlet, declaredLength: declaredLength, receiveBuffer: receiveBuffer)
        try await transaction.send(.open(open))
        guard try await transaction.opened() != nil else {
            throw BadInputNotAccepted(head: transaction.head)
        }
        return transaction
    }

    /// Sends OPEN and gives the ABORT that answers it.
    static func refused(port: Int, servlet: String = "echo", _ open: OpenFrame) async throws -> AbortFrame? {
        let transaction = try await BadInputTransaction(port: port, servlet: servlet)
        try await transaction.send(.open(open))
        return try await transaction.abort()
    }
}

/// A transaction that should have been accepted and was not.
struct BadInputNotAccepted: Error {
    let head: String
}
