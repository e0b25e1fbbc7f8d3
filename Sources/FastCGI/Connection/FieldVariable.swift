internal import HTTPTypes
internal import NIOCore

/// The CGI variables that carry the client's header fields: `HTTP_` and the field's name (RFC 3875, section 4.1.18).
enum FieldVariable {
    /// Fields that nearly every request has: their names need not be made anew.
    private static let common: [(variable: StaticString, name: HTTPField.Name)] = [
        ("HTTP_ACCEPT", .accept), ("HTTP_USER_AGENT", .userAgent), ("HTTP_CACHE_CONTROL", .cacheControl),
        ("HTTP_CONNECTION", .connection), ("HTTP_ACCEPT_ENCODING", .acceptEncoding),
        ("HTTP_ACCEPT_LANGUAGE", .acceptLanguage), ("HTTP_ORIGIN", .origin), ("HTTP_REFERER", .referer),
        ("HTTP_COOKIE", .cookie), ("HTTP_AUTHORIZATION", .authorization),
    ]

    /// The name of the field that a variable carries; nil for what is none.
    ///
    /// None either: `Proxy`, which programs take for their own environment; what has come in CONTENT_TYPE and
    /// CONTENT_LENGTH; `Transfer-Encoding`, which the web server has undone; names that are no token.
    static func name(_ variable: ByteBufferView) -> HTTPField.Name? {
        guard variable.count > 5, variable.starts(with: "HTTP_".utf8) else { return nil }
        if let known = self.common.first(where: { variable.equals($0.variable) }) { return known.name }
        for withheld in self.withheld where variable.equals(withheld) { return nil }
        let bytes = variable.dropFirst(5).map { byte in
            switch byte {
            case UInt8(ascii: "_"): UInt8(ascii: "-")
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
            default: byte
            }
        }
        return HTTPField.Name(String(decoding: bytes, as: UTF8.self))
    }

    private static let withheld: [StaticString] = [
        "HTTP_PROXY", "HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING",
    ]
}
