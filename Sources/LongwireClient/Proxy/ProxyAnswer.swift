internal import NIOCore
internal import NIOHTTP1

/// Says what a proxy answered in place of the server.
enum ProxyAnswer {
    // MARK: To CONNECT

    static func refused(_ head: ConnectAnswer.Head, by proxy: Proxy, _ endpoint: Endpoint) -> ConnectError {
        let target = HostAndPort.joined(endpoint.host, endpoint.port)
        let why = [head.reason, cause { head[$0] } ?? ""].filter { !$0.isEmpty }.joined(separator: ", ")
        let status = "status \(head.status)" + (why.isEmpty ? "" : ", \(why)")
        switch head.status {
        case 401, 407: return authentication(proxy, endpoint, status: head.status)
        case 403, 405:
            return ConnectError(
                .proxy(.status(head.status)),
                "the proxy \(proxy.place) does not allow a tunnel to \(target) (\(status))")
        default:
            return ConnectError(
                .proxy(.status(head.status)), "the proxy \(proxy.place) did not connect to \(target) (\(status))")
        }
    }

    static func authentication(_ proxy: Proxy, _ endpoint: Endpoint, status: Int = 407) -> ConnectError {
        let what =
            proxy.authorization == nil
            ? "asks for a user name and password; put user:password@ before its name in its URL"
            : "does not take the user name and password of its URL"
        return ConnectError(
            .proxy(.authentication),
            "the proxy \(proxy.place), on the way to \(endpoint.authority), \(what) (status \(status))")
    }

    static func closed(by proxy: Proxy, _ endpoint: Endpoint) -> ConnectError {
        ConnectError(
            .proxy(.unreachable),
            "the proxy \(proxy.place) closed the connection when asked for a tunnel to \(endpoint.authority)")
    }

    static func late(proxy: Proxy, _ endpoint: Endpoint) -> ConnectError {
        ConnectError(
            .proxy(.timedOut), "the proxy \(proxy.place) opened no tunnel to \(endpoint.authority) in time")
    }

    static func notHTTP(_ proxy: Proxy) -> ConnectError {
        ConnectError(.proxy(.notProxy), "\(proxy.place) is no HTTP proxy: its answer to CONNECT is not HTTP/1")
    }

    // MARK: To a request that it should pass on

    /// What a proxy that passes requests on answered by itself, as far as that can be told; nil where the answer is
    /// the server's, or may be.
    static func inPlace(of endpoint: Endpoint, by proxy: Proxy, _ answer: FiniteResponse) -> ConnectError? {
        if answer.status == 407 { return authentication(proxy, endpoint) }
        guard answer.status >= 400 else { return nil }
        let fields = answer.fields
        var sign = cause { fields[$0].first }
        if sign == nil, !answer.contentType.hasPrefix("application/problem+json") {
            // Their own pages, told by their names: what comes from a server is passed on with its Server field.
            let texts = [fields["server"].first ?? "", answer.reason, title(answer.body)].map { $0.lowercased() }
            sign = ["squid", "tinyproxy", "privoxy"].first { name in texts.contains { $0.contains(name) } }
        }
        guard let sign else { return nil }
        if answer.status == 401 { return authentication(proxy, endpoint, status: 401) }
        return ConnectError(
            .proxy(.status(answer.status)),
            "the proxy \(proxy.place) answered in place of \(endpoint.authority) with status \(answer.status) (\(sign))"
        )
    }

    private static func title(_ page: ByteBuffer) -> String {
        let text = String(buffer: page)
        guard let start = text.firstRange(of: "<title>"),
            let end = text[start.upperBound...].firstRange(of: "</title>")
        else { return "" }
        return String(text[start.upperBound..<end.lowerBound])
    }

    /// What only a proxy says of why it answers itself.
    private static func cause(_ field: (String) -> String?) -> String? {
        if let error = field("x-squid-error") { return error }
        guard let status = field("proxy-status"), status.contains("error=") else { return nil }
        return status
    }
}
