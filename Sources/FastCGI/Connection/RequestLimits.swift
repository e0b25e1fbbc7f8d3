/// What bounds the requests of every connection of a server.
final class RequestLimits: Sendable {
    let maximumParameterBytes: Int
    /// At a time, of one connection.
    let maximumRequests: Int
    /// Requests open now, of all connections.
    let gauge: Gauge

    init(maximumParameterBytes: Int, maximumRequests: Int, gauge: Gauge) {
        self.maximumParameterBytes = maximumParameterBytes
        self.maximumRequests = maximumRequests
        self.gauge = gauge
    }
}
