import HTTPTypes
import NIOCore
import NIOHTTPTypes

@testable import FastCGI

/// Writes down what happens to a request, and does what the test tells it.
final class TestHandler: FastCGIRequestHandler {
    enum Event: Equatable {
        case body(String)
        case end
        case readCompleted
        case writable(Bool)
        case closed(FastCGICloseReason)
    }

    let request: FastCGIRequest
    let head: HTTPRequest
    let parameters: [String: String]
    var events: [Event] = []
    var receivedBytes = 0
    /// Called after each event was written down.
    var react: (TestHandler, Event) -> Void

    init(
        _ request: FastCGIRequest, _ head: HTTPRequest, _ parameters: FastCGIParameters,
        react: @escaping (TestHandler, Event) -> Void
    ) {
        self.request = request
        self.head = head
        self.parameters = Dictionary(parameters.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        self.react = react
    }

    private func note(_ event: Event) {
        self.events.append(event)
        self.react(self, event)
    }

    func received(_ part: HTTPRequestPart) {
        switch part {
        case .head: break
        case .body(let buffer):
            self.receivedBytes += buffer.readableBytes
            self.note(.body(buffer.readableBytes > 1000 ? "\(buffer.readableBytes) bytes" : String(buffer: buffer)))
        case .end: self.note(.end)
        }
    }

    func readCompleted() { self.note(.readCompleted) }
    func writabilityChanged(_ isWritable: Bool) { self.note(.writable(isWritable)) }
    func closed(_ reason: FastCGICloseReason) { self.note(.closed(reason)) }

    var closeReasons: [FastCGICloseReason] {
        self.events.compactMap { if case .closed(let reason) = $0 { reason } else { nil } }
    }

    /// Head, body, end and flush.
    func respond(_ text: String) {
        self.request.write(.head(HTTPResponse(status: .ok)))
        self.request.write(.body(ByteBuffer(string: text)))
        self.request.write(.end(nil))
        self.request.flush()
    }

    func open() {
        self.request.write(.head(HTTPResponse(status: .ok)))
        self.request.flush()
    }

    func send(_ text: String) {
        self.request.write(.body(ByteBuffer(string: text)))
        self.request.flush()
    }
}

/// Answers each body part with itself and the end with the end: what most tests over sockets serve.
func echo(_ handler: TestHandler, _ event: TestHandler.Event) {
    switch event {
    case .body(let text):
        if !handler.events.dropLast().contains(where: { if case .body = $0 { true } else { false } }) {
            handler.request.write(.head(HTTPResponse(status: .ok)))
        }
        handler.request.write(.body(ByteBuffer(string: text)))
    case .end:
        if handler.receivedBytes == 0 { handler.request.write(.head(HTTPResponse(status: .ok))) }
        handler.request.write(.body(ByteBuffer(string: "[\(handler.head.method) \(handler.head.path ?? "")]")))
        handler.request.write(.end(nil))
    case .readCompleted:
        handler.request.flush()
    case .writable, .closed:
        break
    }
}
