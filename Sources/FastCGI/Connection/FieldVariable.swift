internal import HTTPTypes

/// The CGI variables that carry the client's header fields: `HTTP_` and the field's name (RFC 3875, section 4.1.18).
enum FieldVariable {
    /// Fields that many requests have: their names need not be made anew.
    private static let common: [(variable: StaticString, name: HTTPField.Name)] =
        [
            ("HTTP_ACCEPT", .accept), ("HTTP_USER_AGENT", .userAgent), ("HTTP_CACHE_CONTROL", .cacheControl),
            ("HTTP_CONNECTION", .connection), ("HTTP_ACCEPT_ENCODING", .acceptEncoding),
            ("HTTP_ACCEPT_LANGUAGE", .acceptLanguage), ("HTTP_ORIGIN", .origin), ("HTTP_REFERER", .referer),
            ("HTTP_COOKIE", .cookie), ("HTTP_AUTHORIZATION", .authorization),
        ] + named("HTTP_INCREMENTAL", "incremental") + named("HTTP_X_FORWARDED_FOR", "x-forwarded-for")
        + named("HTTP_X_FORWARDED_PROTO", "x-forwarded-proto") + named("HTTP_X_REAL_IP", "x-real-ip")

    private static let variables = common.map(\.variable)

    private static func named(_ variable: StaticString, _ name: String) -> [(StaticString, HTTPField.Name)] {
        HTTPField.Name(name).map { [(variable, $0)] } ?? []
    }

    private static let withheld: [StaticString] = [
        "HTTP_PROXY", "HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING",
    ]

    /// The name of the field that a variable carries; nil for what is none.
    ///
    /// None either: `Proxy`, which programs take for their own environment; what has come in CONTENT_TYPE and
    /// CONTENT_LENGTH; `Transfer-Encoding`, which the web server has undone; names that are no token.
    static func name(_ variable: UnsafeRawBufferPointer) -> HTTPField.Name? {
        guard variable.count > 5, variable.starts(with: "HTTP_") else { return nil }
        for index in self.variables.indices where variable.equals(self.variables[index]) {
            return self.common[index].name
        }
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
}
