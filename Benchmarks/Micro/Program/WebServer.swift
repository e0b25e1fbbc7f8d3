/// What a web server says over FastCGI.
enum WebServer {
    static func record(_ type: UInt8, _ content: [UInt8]) -> [UInt8] {
        [1, type, 0, 1, UInt8(content.count >> 8), UInt8(content.count & 255), 0, 0] + content
    }

    /// Everything up to the end of the parameters of a request that keeps its connection.
    static func head(servlet: String) -> [UInt8] {
        record(1, [0, 1, 1, 0, 0, 0, 0, 0]) + record(4, parameters(servlet: servlet)) + record(4, [])
    }

    /// The content of PARAMS, as nginx with its `fastcgi_params` makes it.
    static func parameters(servlet: String) -> [UInt8] {
        let pairs: [(String, String)] = [
            ("QUERY_STRING", "session=00112233445566778899aabbccddeeff&path=1"), ("REQUEST_METHOD", "POST"),
            ("CONTENT_TYPE", "application/vnd.longwire"), ("CONTENT_LENGTH", ""),
            ("SCRIPT_NAME", "/longwire/\(servlet)"),
            ("REQUEST_URI", "/longwire/\(servlet)?session=00112233445566778899aabbccddeeff&path=1"),
            ("DOCUMENT_URI", "/longwire/\(servlet)"), ("DOCUMENT_ROOT", "/var/www/html"),
            ("SERVER_PROTOCOL", "HTTP/1.1"), ("REQUEST_SCHEME", "http"), ("GATEWAY_INTERFACE", "CGI/1.1"),
            ("SERVER_SOFTWARE", "nginx/1.22.1"), ("REMOTE_ADDR", "192.0.2.17"), ("REMOTE_PORT", "40000"),
            ("REMOTE_USER", ""), ("SERVER_ADDR", "192.0.2.1"), ("SERVER_PORT", "80"),
            ("SERVER_NAME", "longwire.example"), ("REDIRECT_STATUS", "200"), ("HTTP_HOST", "longwire.example"),
            ("HTTP_USER_AGENT", "longwire/0.1.0"), ("HTTP_ACCEPT", "application/vnd.longwire"),
            ("HTTP_CONTENT_TYPE", "application/vnd.longwire"), ("HTTP_TRANSFER_ENCODING", "chunked"),
            ("HTTP_CACHE_CONTROL", "no-store"), ("HTTP_INCREMENTAL", "?1"),
        ]
        var bytes: [UInt8] = []
        for (name, value) in pairs {
            bytes += [UInt8(name.utf8.count), UInt8(value.utf8.count)]
            bytes += name.utf8
            bytes += value.utf8
        }
        return bytes
    }
}
