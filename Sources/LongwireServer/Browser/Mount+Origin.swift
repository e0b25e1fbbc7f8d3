internal import HTTPTypes
internal import NIOCore

extension Mount {
    /// Looks at the origin that a browser names, before anything else is done with a request.
    ///
    /// - Returns: what the request is served on; nil when it was answered: a question before a request of another
    ///   site's page (a "preflight"), or a refusal.
    func admitOrigin(_ head: HTTPRequest, _ exchange: any HTTPExchange) -> (any HTTPExchange)? {
        let allowed = configured { $0.allowedOrigins }
        let verdict = OriginRule(allowed: allowed).verdict(on: head)
        if case .refused(let origin) = verdict {
            Problem(
                status: .forbidden, title: "Foreign origin",
                detail: "Pages of \(origin) may not use this server; whoever runs it can allow them.",
                fields: [.vary: "Origin"]
            ).answer(exchange)
            return nil
        }
        if allowed.isEmpty { return exchange }
        let shared = SharedExchange(exchange, with: verdict)
        guard case .configured = verdict, head.method == .options,
            head.headerFields[.accessControlRequestMethod] != nil
        else { return shared }
        shared.write(
            head: HTTPResponse(
                status: .noContent,
                headerFields: [
                    .accessControlAllowMethods: "GET, HEAD, POST, DELETE",
                    .accessControlAllowHeaders: "Authorization, Cache-Control, Content-Type, Incremental, "
                        + "Last-Event-ID, Longwire-Number, Longwire-Open, Longwire-Token",
                    .accessControlMaxAge: "7200",
                    .cacheControl: "no-store",
                ]))
        shared.finish()
        return nil
    }
}

/// An exchange whose answer a page of another site may read.
final class SharedExchange: HTTPExchange {
    private let exchange: any HTTPExchange
    private let verdict: OriginRule.Verdict

    init(_ exchange: any HTTPExchange, with verdict: OriginRule.Verdict) {
        self.exchange = exchange
        self.verdict = verdict
    }

    var eventLoop: any EventLoop { exchange.eventLoop }
    var isWritable: Bool { exchange.isWritable }
    var receiver: (any HTTPExchangeReceiver)? {
        get { exchange.receiver }
        set { exchange.receiver = newValue }
    }

    func write(head: HTTPResponse) {
        var head = head
        // Also to those who name no origin: a cache must not give one site's answer to another.
        head.headerFields[.vary] = head.headerFields[.vary].map { $0 + ", Origin" } ?? "Origin"
        if case .configured(let origin, let mayHaveCredentials) = verdict {
            head.headerFields[.accessControlAllowOrigin] = origin
            head.headerFields[.accessControlExposeHeaders] = "Longwire-Session, Longwire-Token"
            if mayHaveCredentials { head.headerFields[.accessControlAllowCredentials] = "true" }
        }
        exchange.write(head: head)
    }

    func write(body: ByteBuffer) { exchange.write(body: body) }
    func flush() { exchange.flush() }
    func finish() { exchange.finish() }
    func drop() { exchange.drop() }
}
