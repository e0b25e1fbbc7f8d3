internal import HTTPTypes
internal import NIOCore

/// An answer where no session can be spoken of: a status with a problem body (RFC 9457).
struct Problem {
    var status: HTTPResponse.Status
    var title: String
    var detail: String
    var fields: HTTPFields = [:]

    static let mediaType = "application/problem+json"

    /// The problem as JSON.
    var body: String {
        """
        {"title":\(Self.quoted(title)),"status":\(status.code),"detail":\(Self.quoted(detail))}

        """
    }

    /// Answers a transaction with this problem and ends it.
    func answer(_ exchange: any HTTPExchange) {
        let body = body
        var head = HTTPResponse(status: status, headerFields: fields)
        head.headerFields[.contentType] = Self.mediaType
        head.headerFields[.contentLength] = String(body.utf8.count)
        head.headerFields[.cacheControl] = "no-store"
        exchange.write(head: head)
        exchange.write(body: ByteBuffer(string: body))
        exchange.finish()
    }

    /// A JSON string.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            default:
                // Some terminals obey the control characters above ASCII, too.
                if scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) {
                    let digits = String(scalar.value, radix: 16)
                    quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "\""
    }
}
