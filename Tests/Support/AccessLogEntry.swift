/// One line of nginx's access log: one HTTP transaction that has ended.
package struct AccessLogEntry: Sendable, Equatable {
    /// The status sent; 499 when the client closed first.
    package let status: Int
    /// Bytes of the request, head and body, as they were on the line.
    package let requestLength: Int
    /// Bytes sent to the client, head and body.
    package let bytesSent: Int
    /// Bytes of body sent to the client.
    package let bodyBytesSent: Int
    /// Seconds from the first byte of the request to the last of the answer.
    package let requestTime: Double
    /// nginx's number of the client's connection.
    package let connection: Int
    /// How many requests the connection had, with this one.
    package let connectionRequests: Int
    /// The version of HTTP, such as `HTTP/1.1`.
    package let version: String
    /// The request's method.
    package let method: String
    /// The request's path and query.
    package let uri: String

    /// The matching `log_format` of nginx.
    static let format =
        "$status $request_length $bytes_sent $body_bytes_sent $request_time $connection $connection_requests "
        + "$server_protocol $request_method $request_uri"

    init?(_ line: Substring) {
        let fields = line.split(separator: " ", maxSplits: 9)
        guard fields.count == 10, let status = Int(fields[0]), let requestLength = Int(fields[1]),
            let bytesSent = Int(fields[2]), let bodyBytesSent = Int(fields[3]), let requestTime = Double(fields[4]),
            let connection = Int(fields[5]), let connectionRequests = Int(fields[6])
        else { return nil }
        self.status = status
        self.requestLength = requestLength
        self.bytesSent = bytesSent
        self.bodyBytesSent = bodyBytesSent
        self.requestTime = requestTime
        self.connection = connection
        self.connectionRequests = connectionRequests
        version = String(fields[7])
        method = String(fields[8])
        uri = String(fields[9])
    }
}
