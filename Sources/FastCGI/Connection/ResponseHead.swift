internal import HTTPTypes
internal import NIOCore

/// The text of a response head as CGI wants it (RFC 3875, section 6).
enum ResponseHead {
    /// Appends the head with its empty line.
    ///
    /// Values come from `HTTPFields`, which holds no line break, so that nothing in them can begin another field.
    static func write(_ response: HTTPResponse, into buffer: inout ByteBuffer) {
        self.writeFields(response, into: &buffer)
        buffer.writeStaticString("\r\n\r\n")
    }

    /// Appends the head up to the end of its last field.
    static func writeFields(_ response: HTTPResponse, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("Status: ")
        buffer.writeString(String(response.status.code))
        buffer.writeStaticString(" ")
        buffer.writeString(response.status.reasonPhrase)
        for field in response.headerFields where !self.isOfTheConnection(field.name) {
            buffer.writeStaticString("\r\n")
            buffer.writeString(field.name.rawName)
            buffer.writeStaticString(": ")
            field.withUnsafeBytesOfValue { _ = buffer.writeBytes($0) }
        }
    }

    /// Fields of the HTTP connection are the web server's; a `Status` field would be taken for the status line.
    private static func isOfTheConnection(_ name: HTTPField.Name) -> Bool {
        switch name.canonicalName {
        case "connection", "keep-alive", "transfer-encoding", "status": true
        default: false
        }
    }
}
