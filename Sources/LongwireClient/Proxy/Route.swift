/// How connections to a server come about.
enum Route: Sendable, Equatable {
    case direct
    /// The proxy gets the requests and passes them on.
    case forward(Proxy)
    /// The proxy connects, and then passes bytes on: CONNECT.
    case tunnel(Proxy)

    /// The route to a server as a configuration wants it.
    init(
        to endpoint: Endpoint, setting: ProxySetting, tunnels: Bool, variable: (String) -> String?
    ) throws(ConnectError) {
        let proxy: Proxy?
        switch setting {
        case .none: proxy = nil
        case .fromEnvironment: proxy = try ProxyEnvironment.proxy(for: endpoint, variable)
        case .url(let url): proxy = try Proxy(url, source: "the one asked for")
        }
        if let proxy { self = endpoint.isSecure || tunnels ? .tunnel(proxy) : .forward(proxy) } else { self = .direct }
    }

    var proxy: Proxy? {
        switch self {
        case .direct: nil
        case .forward(let proxy), .tunnel(let proxy): proxy
        }
    }

    /// The same way for bytes that are no HTTP requests: a proxy passes them on in a tunnel only.
    var forBytes: Route { proxy.map { .tunnel($0) } ?? .direct }

    /// A request's target on this route: the whole URL where a proxy must know where to send it.
    func target(_ target: String, of endpoint: Endpoint) -> String {
        if case .forward = self { endpoint.place + target } else { target }
    }

    /// What is remembered of a server is remembered of it on this way.
    func place(of endpoint: Endpoint) -> String {
        switch self {
        case .direct: endpoint.place
        case .forward(let proxy): "\(endpoint.place) by \(proxy.place)"
        case .tunnel(let proxy): "\(endpoint.place) through \(proxy.place)"
        }
    }
}
