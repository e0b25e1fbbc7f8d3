package import NIOCore

/// Writes Server-Sent Events (HTML, "Server-sent events"): the plain form of a session's downlink.
package enum EventStream {
    /// The media type.
    package static let mediaType = "text/event-stream"
    /// A comment: the heartbeat.
    package static let heartbeat = ByteBuffer(string: ":\n\n")

    /// Whether text may stand in `data` lines as it is: what receivers read as a line break, or not at all, may not.
    package static func isPlain(_ text: ByteBufferView) -> Bool {
        !text.contains { $0 == UInt8(ascii: "\r") || $0 == 0 }
    }

    /// Writes one event.
    ///
    /// - Parameters:
    ///   - name: the event's type; nil for `message`.
    ///   - id: what a receiver names when it comes back; without line breaks.
    ///   - data: text without CR and NUL (``isPlain(_:)``); each of its lines becomes one of the event.
    package static func write(name: String?, id: String?, data: ByteBufferView, to buffer: inout ByteBuffer) {
        if let name { buffer.writeString("event: \(name)\n") }
        if let id { buffer.writeString("id: \(id)\n") }
        var rest = data[...]
        while true {
            buffer.writeStaticString("data: ")
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { break }
            buffer.writeBytes(rest[...end])
            rest = rest[rest.index(after: end)...]
        }
        buffer.writeBytes(rest)
        buffer.writeStaticString("\n\n")
    }
}
