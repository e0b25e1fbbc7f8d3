/// Which proxy the environment names, by curl's conventions.
enum ProxyEnvironment {
    /// The proxy for a server; nil for a direct connection.
    ///
    /// - Parameter variable: the value of an environment variable.
    static func proxy(for endpoint: Endpoint, _ variable: (String) -> String?) throws(ConnectError) -> Proxy? {
        func value(_ name: String) -> String? { variable(name).flatMap { $0.isEmpty ? nil : $0 } }
        var names = endpoint.isSecure ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy"]
        // In a CGI program it is what the client's header `Proxy` says, and not the administrator's.
        if !endpoint.isSecure, value("REQUEST_METHOD") == nil { names.append("HTTP_PROXY") }
        names += ["all_proxy", "ALL_PROXY"]
        guard let name = names.first(where: { value($0) != nil }), let url = value(name) else { return nil }
        if let exceptions = value("no_proxy") ?? value("NO_PROXY"),
            NoProxy(exceptions).holds(host: endpoint.host, port: endpoint.port)
        {
            return nil
        }
        return try Proxy(url, source: "the environment variable \(name)")
    }
}
