/// The CGI variables (RFC 3875, section 4.1) that the head of a request is made of, but for its fields.
enum RequestVariable: Int {
    case method, uri, script, pathInfo, query, host, serverName, serverPort, scheme, https, contentType, contentLength

    /// The variable of this name, if it is one of these.
    init?(_ name: UnsafeRawBufferPointer) {
        // Lengths tell most of them apart.
        switch name.count {
        case 5 where name.equals("HTTPS"): self = .https
        case 9 where name.equals("HTTP_HOST"): self = .host
        case 9 where name.equals("PATH_INFO"): self = .pathInfo
        case 11 where name.equals("REQUEST_URI"): self = .uri
        case 11 where name.equals("SCRIPT_NAME"): self = .script
        case 11 where name.equals("SERVER_NAME"): self = .serverName
        case 11 where name.equals("SERVER_PORT"): self = .serverPort
        case 12 where name.equals("QUERY_STRING"): self = .query
        case 12 where name.equals("CONTENT_TYPE"): self = .contentType
        case 14 where name.equals("REQUEST_METHOD"): self = .method
        case 14 where name.equals("REQUEST_SCHEME"): self = .scheme
        case 14 where name.equals("CONTENT_LENGTH"): self = .contentLength
        default: return nil
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether these bytes are just this text.
    @inline(__always)
    func equals(_ text: StaticString) -> Bool {
        self.equals(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Whether these bytes are just those.
    @inline(__always)
    func equals(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
        self.count == other.count && self.starts(with: other)
    }

    /// Whether these bytes begin with this text.
    @inline(__always)
    func starts(with text: StaticString) -> Bool {
        self.starts(with: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always)
    private func starts(with other: UnsafeBufferPointer<UInt8>) -> Bool {
        guard self.count >= other.count else { return false }
        for index in 0..<other.count where self[index] != other[index] { return false }
        return true
    }
}
