internal import NIOCore
internal import NIOHTTP1

/// What the heads of responses tell of who is on the way.
struct SeenOnTheWay: Sendable {
    private(set) var names: [String] = []
    private(set) var tls: String?
    private(set) var isHTTP10 = false
    /// Whether a request was refused because it declared no length.
    var wantsLength = false

    /// The fields by which servers and proxies name themselves.
    private static let fields = ["Server", "Via", "X-Cache", "Proxy-Status", "X-Squid-Error", "Proxy-Agent"]
    private static let limit = 20

    mutating func add(_ response: ResponseObserver.Seen) {
        if let version = response.tls { tls = version }
        if response.head.version == .http1_0 { isHTTP10 = true }
        if response.head.status == .lengthRequired { wantsLength = true }
        for field in Self.fields {
            for value in response.head.headers[field] {
                let name = "\(field): \(value.prefix(200))"
                if names.count < Self.limit, !names.contains(name) { names.append(name) }
            }
        }
    }
}
