internal import HTTPTypes

/// The CGI variables that carry the client's header fields: `HTTP_` and the field's name (RFC 3875, section 4.1.18).
enum FieldVariable {
    private static let incremental = HTTPField.Name("incremental")
    private static let forwardedFor = HTTPField.Name("x-forwarded-for")
    private static let forwardedProtocol = HTTPField.Name("x-forwarded-proto")
    private static let realAddress = HTTPField.Name("x-real-ip")

    /// The name of the field that a variable carries; nil for what is none.
    ///
    /// None either: `Proxy`, which programs take for their own environment; what has come in CONTENT_TYPE and
    /// CONTENT_LENGTH; `Transfer-Encoding`, which the web server has undone; names that are no token.
    static func name(_ variable: UnsafeRawBufferPointer) -> HTTPField.Name? {
        guard variable.count > 5, variable.starts(with: "HTTP_") else { return nil }
        // Fields that many requests have: their names need not be made anew. Lengths tell most of them apart.
        switch variable.count {
        case 10 where variable.equals("HTTP_PROXY"): return nil
        case 11 where variable.equals("HTTP_ACCEPT"): return .accept
        case 11 where variable.equals("HTTP_COOKIE"): return .cookie
        case 11 where variable.equals("HTTP_ORIGIN"): return .origin
        case 12 where variable.equals("HTTP_REFERER"): return .referer
        case 14 where variable.equals("HTTP_X_REAL_IP"): return self.realAddress
        case 15 where variable.equals("HTTP_USER_AGENT"): return .userAgent
        case 15 where variable.equals("HTTP_CONNECTION"): return .connection
        case 16 where variable.equals("HTTP_INCREMENTAL"): return self.incremental
        case 17 where variable.equals("HTTP_CONTENT_TYPE"): return nil
        case 18 where variable.equals("HTTP_CACHE_CONTROL"): return .cacheControl
        case 18 where variable.equals("HTTP_AUTHORIZATION"): return .authorization
        case 19 where variable.equals("HTTP_CONTENT_LENGTH"): return nil
        case 20 where variable.equals("HTTP_ACCEPT_ENCODING"): return .acceptEncoding
        case 20 where variable.equals("HTTP_ACCEPT_LANGUAGE"): return .acceptLanguage
        case 20 where variable.equals("HTTP_X_FORWARDED_FOR"): return self.forwardedFor
        case 22 where variable.equals("HTTP_X_FORWARDED_PROTO"): return self.forwardedProtocol
        case 22 where variable.equals("HTTP_TRANSFER_ENCODING"): return nil
        default: return self.made(variable)
        }
    }

    private static func made(_ variable: UnsafeRawBufferPointer) -> HTTPField.Name? {
        let bytes = variable.dropFirst(5).map { byte in
            switch byte {
            case UInt8(ascii: "_"): UInt8(ascii: "-")
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
            default: byte
            }
        }
        return HTTPField.Name(String(decoding: bytes, as: UTF8.self))
    }
}
