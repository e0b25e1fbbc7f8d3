internal import NIOCore

/// The CGI variables (RFC 3875, section 4.1) that the head of a request is made of, but for its fields.
enum RequestVariable: Int {
    case method, uri, script, pathInfo, query, host, serverName, serverPort, scheme, https, contentType, contentLength

    /// How each is written.
    private static let names: [(StaticString, RequestVariable)] = [
        ("REQUEST_METHOD", .method), ("REQUEST_URI", .uri), ("SCRIPT_NAME", .script), ("PATH_INFO", .pathInfo),
        ("QUERY_STRING", .query), ("HTTP_HOST", .host), ("SERVER_NAME", .serverName), ("SERVER_PORT", .serverPort),
        ("REQUEST_SCHEME", .scheme), ("HTTPS", .https), ("CONTENT_TYPE", .contentType),
        ("CONTENT_LENGTH", .contentLength),
    ]

    /// How many there are.
    static var count: Int { self.names.count }

    /// The variable of this name, if it is one of these.
    init?(_ name: ByteBufferView) {
        guard let known = Self.names.first(where: { name.equals($0.0) }) else { return nil }
        self = known.1
    }
}

extension ByteBufferView {
    /// Whether these bytes are just this text.
    func equals(_ text: StaticString) -> Bool {
        guard self.count == text.utf8CodeUnitCount else { return false }
        return self.withUnsafeBytes { bytes in
            bytes.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        }
    }
}
