internal import HTTPTypes
public import NIOCore
public import NIOHTTPTypes

/// One request and the way back to the web server.
///
/// Belongs to the event loop of its connection: every method is to be called there. Nothing is sent before `flush()`
/// or the `.end` of the response;
/// a flush during `FastCGIRequestHandler.received(_:)` or `readCompleted()` happens once, after all requests of the
/// connection have had their turn. After the end of the request every call does nothing.
public final class FastCGIRequest {
    /// The event loop of the connection.
    public var eventLoop: any EventLoop { self.channelHandler.loop.eventLoop }

    /// Bytes that `writeReserved(_:)` wants before a body.
    public static let headroom: Int = 8
    package var headroom: Int { Self.headroom }

    private enum Response {
        case head, body, ended
    }

    private let channelHandler: FastCGIChannelHandler
    /// Whoever hears of the request: what the factory returned, or whom it, or a handler before, named here.
    ///
    /// Nil once the request is over, of which the last one has heard.
    public var handler: (any FastCGIRequestHandler)? {
        didSet {
            guard self.response == .ended, let handler = self.handler else { return }
            self.handler = nil
            if let reason = self.earlyEnd.take() { handler.closed(reason) }
        }
    }
    /// What holds the body back, where it ever was held back.
    private var input: Input?
    let id: UInt16
    // Small ones stand together: alone, each takes a word.
    private var response = Response.head
    /// The reason of an end that came before there was a handler.
    private var earlyEnd: FastCGICloseReason?
    /// The handler got a part in the current read, and is to hear of the read's end.
    private var hasReceived = false
    private var hasWrittenErrors = false

    init(id: UInt16, channelHandler: FastCGIChannelHandler) {
        self.id = id
        self.channelHandler = channelHandler
    }

    // MARK: Response

    /// Whether the output queue of the connection is under its high-water mark; false after the end of the request.
    ///
    /// Writes are accepted when it is false, so nothing but the caller's restraint bounds the queue.
    public var isWritable: Bool {
        self.response != .ended && self.channelHandler.isWritable
    }

    /// The addresses of the connection; nil addresses once it is gone.
    public var connection: FastCGIConnectionInfo {
        let channel = self.channelHandler.context?.channel
        return FastCGIConnectionInfo(remoteAddress: channel?.remoteAddress, localAddress: channel?.localAddress)
    }

    /// Queues a part of the response.
    ///
    /// `.head` first (heads with a 1xx status are dropped: CGI has no way to say them), then `.body` parts, then `.end`
    /// (trailers are dropped for the same reason), which flushes and calls the handler's `closed(.finished)`. A body goes out as it
    /// is, uncopied, in one record where it fits (65535 bytes). Parts out of this order are ignored.
    public func write(_ part: HTTPResponsePart) {
        self.eventLoop.assertInEventLoop()
        switch (part, self.response) {
        case (.head(let response), .head):
            guard response.status.kind != .informational else { return }
            self.response = .body
            self.channelHandler.writeHead(id: self.id, response)
        case (.body(let buffer), .body):
            self.channelHandler.writeStream(.stdout, id: self.id, buffer)
        case (.end, .head), (.end, .body):
            self.finish(applicationStatus: 0)
        case (.head, .body), (.head, .ended), (.body, .head), (.body, .ended), (.end, .ended):
            break
        }
    }

    /// Queues the head of a response with this value of its template's last field: what `.head` does, at less cost.
    ///
    /// Does nothing once a head has been written.
    public func begin(_ template: FastCGIResponseTemplate, _ value: String) {
        self.eventLoop.assertInEventLoop()
        guard self.response == .head else { return }
        self.response = .body
        self.channelHandler.writeHead(id: self.id, template, value)
    }

    /// Queues the head of a response and the first piece of its body in one record: what ``begin(_:_:)`` and
    /// ``writeReserved(_:)`` together do, at less cost.
    ///
    /// Does nothing once a head has been written. A small piece is copied; the caller may keep it in any case.
    public func begin(_ template: FastCGIResponseTemplate, _ value: String, reserved buffer: inout ByteBuffer) {
        self.eventLoop.assertInEventLoop()
        guard self.response == .head else { return }
        guard buffer.readableBytes <= Self.copiedBytes else {
            self.begin(template, value)
            return self.writeReserved(&buffer)
        }
        self.response = .body
        self.channelHandler.writeHead(id: self.id, template, value, piece: buffer)
    }

    /// Queues a whole response with a body of known length, and ends it: what `.head`, `.body` and `.end` together do,
    /// at less cost.
    ///
    /// Does nothing once a head has been written. A small body is copied behind the head, into one record.
    public func respond(_ template: FastCGIResponseTemplate, body: ByteBuffer) {
        self.eventLoop.assertInEventLoop()
        guard self.response == .head else { return }
        guard body.readableBytes <= Self.copiedBytes, !self.hasWrittenErrors else {
            var head = template.head
            head.headerFields[.contentLength] = String(body.readableBytes)
            self.write(.head(head))
            self.write(.body(body))
            return self.finish(applicationStatus: 0)
        }
        guard self.channelHandler.machine.finish(self.id) else { return }
        self.channelHandler.writeWhole(id: self.id, template, body)
        self.channelHandler.flush()
        self.ended(.finished)
    }

    /// The greatest body that is copied rather than written apart.
    private static let copiedBytes = 4096

    /// Queues a body whose first `headroom` readable bytes are free for the header of its record: one buffer instead of
    /// two for the system call.
    ///
    /// The header is written into `buffer` in place, which copies nothing as long as `buffer` is the only reference to
    /// its storage; afterwards the caller may keep it, or slices of what follows the header, unchanged.
    public func writeReserved(_ buffer: inout ByteBuffer) {
        self.eventLoop.assertInEventLoop()
        guard self.response == .body else { return }
        self.channelHandler.writeReserved(id: self.id, &buffer)
    }

    /// Queues text for the web server's error log (STDERR).
    public func writeError(_ text: String) {
        self.eventLoop.assertInEventLoop()
        guard self.response != .ended else { return }
        self.hasWrittenErrors = true
        self.channelHandler.writeStream(.stderr, id: self.id, ByteBuffer(string: text))
    }

    /// Sends what is queued, of all requests of the connection.
    public func flush() {
        self.eventLoop.assertInEventLoop()
        self.channelHandler.flush()
    }

    /// Ends the request without ending the response properly: drops the connection at once where it carries only this
    /// request, so that the web server can see that the response is cut; otherwise sends END_REQUEST.
    ///
    /// The handler's `closed(.finished)` is called.
    public func close() {
        self.eventLoop.assertInEventLoop()
        guard self.response != .ended else { return }
        let isAlone = self.channelHandler.machine.openRequests <= 1
        if isAlone {
            let context = self.channelHandler.context
            _ = self.channelHandler.machine.finish(self.id)
            self.ended(.finished)
            context?.close(promise: nil)
        } else {
            self.finish(applicationStatus: 1)
        }
    }

    private func finish(applicationStatus: UInt32) {
        guard self.channelHandler.machine.finish(self.id) else { return }
        self.channelHandler.writeEnd(
            self.id, status: .requestComplete, applicationStatus: applicationStatus, afterOutput: self.hasSentHead,
            afterErrors: self.hasWrittenErrors)
        // The handler hears of nothing after `closed`, not of the end of the read either: so nobody else would flush.
        self.channelHandler.flush()
        self.ended(.finished)
    }

    // MARK: Back-pressure up

    /// Whether the body of the request is held back.
    ///
    /// What the web server sends meanwhile is held, up to `FastCGIConfiguration.pausedInputBytes`; then the connection
    /// is not read, which holds up the other requests it carries. On resuming, what was held is delivered as one part
    /// in a later turn of the event loop.
    public var isReadingPaused: Bool {
        get { self.input?.isPaused ?? false }
        set {
            self.eventLoop.assertInEventLoop()
            guard newValue != self.isReadingPaused, self.response != .ended else { return }
            if newValue {
                let input = self.input ?? Input()
                self.input = input
                input.pause()
            } else if self.input?.resume() ?? false {
                self.eventLoop.assumeIsolated().execute { self.deliverHeld() }
            }
        }
    }

    /// Bytes of the body held because reading is paused.
    public var heldBytes: Int { self.input?.heldBytes ?? 0 }

    private func deliverHeld() {
        guard self.response != .ended, let input = self.input, !input.isPaused else { return }
        let held = input.takeHeld()
        self.noteFullness()
        if let body = held.body { self.handler?.received(.body(body)) }
        if held.isEnded {
            // The body part may have paused again: then the end waits, too.
            if input.isPaused { input.holdEnd() } else { self.handler?.received(.end(nil)) }
        }
        self.handler?.readCompleted()
    }

    /// Tells the connection when this request begins or ceases to stand in the way of reading.
    private func noteFullness() {
        guard let input = self.input else { return }
        let limit = self.channelHandler.server.configuration.pausedInputBytes
        guard input.updateFullness(limit: self.response == .ended ? .max : limit) else { return }
        if input.isFull {
            self.channelHandler.fullRequests += 1
        } else {
            self.channelHandler.fullRequests -= 1
            self.channelHandler.resumeReading()
        }
    }

    // MARK: From the connection

    var hasSentHead: Bool { self.response == .body }

    func received(_ body: ByteBuffer) {
        if let input = self.input, input.hold(body) {
            self.noteFullness()
        } else {
            self.hasReceived = true
            self.handler?.received(.body(body))
        }
    }

    func receivedEnd() {
        if let input = self.input, input.mustHold {
            input.holdEnd()
        } else {
            self.hasReceived = true
            self.handler?.received(.end(nil))
        }
    }

    func readCompleted() {
        guard self.hasReceived else { return }
        self.hasReceived = false
        self.handler?.readCompleted()
    }

    func writabilityChanged(_ isWritable: Bool) {
        self.handler?.writabilityChanged(isWritable)
    }

    /// The request is out of the connection's table: tells the handler, last and once.
    func ended(_ reason: FastCGICloseReason) {
        guard self.response != .ended else { return }
        self.response = .ended
        self.input?.discard()
        self.noteFullness()
        guard let handler = self.handler else {
            self.earlyEnd = reason
            return
        }
        self.handler = nil
        handler.closed(reason)
    }
}
