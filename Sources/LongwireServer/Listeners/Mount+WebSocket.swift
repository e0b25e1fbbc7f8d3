internal import HTTPTypes
internal import LongwireSession
internal import LongwireTransport
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypesHTTP1

extension Mount {
    /// Makes a WebSocket of a request for one of this mount's servlets; any other goes on as a plain request.
    ///
    /// It is for one connection.
    func webSocketUpgrader(_ listener: ListenerFacts) -> WebSocketUpgrader {
        // Who asks is found out once, before the upgrade.
        let admitted = NIOLockedValueBox<(ServletKind?, SessionRequest)?>(nil)
        return WebSocketUpgrader { channel, head in
            guard let (servlet, request) = self.webSocketTarget(head, channel, listener) else {
                return channel.eventLoop.makeSucceededFuture(nil)
            }
            guard let rule = self.rule(of: request.servlet) else {
                admitted.withLockedValue { $0 = (servlet, request) }
                return channel.eventLoop.makeSucceededFuture(HTTPHeaders())
            }
            let answer = channel.eventLoop.makePromise(of: HTTPHeaders?.self)
            rule.judge(request).verdict(on: channel.eventLoop) { verdict in
                guard case .allowed = verdict, case .admitted(let request) = self.admit(verdict, request) else {
                    // As a plain request it gets its refusal, and counts.
                    return answer.succeed(nil)
                }
                admitted.withLockedValue { $0 = (servlet, request) }
                answer.succeed(HTTPHeaders())
            }
            return answer.futureResult
        } upgraded: { channel in
            guard let (servlet, request) = admitted.withLockedValue({ $0 }) else { return }
            let exchange = LineExchange(.websocket, eventLoop: channel.eventLoop) { exchange in
                FrameTransaction(
                    mount: self, exchange: exchange, place: .servlet(servlet, request), isLoopbackTCP: false)
            }
            try channel.pipeline.syncOperations.addHandler(WebSocketLine(isClient: false))
            try channel.pipeline.syncOperations.addHandler(exchange)
        }
    }

    private func webSocketTarget(
        _ head: HTTPRequestHead, _ channel: any Channel, _ listener: ListenerFacts
    ) -> (ServletKind?, SessionRequest)? {
        var fields = HTTPFields()
        for (name, value) in head.headers {
            if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
        }
        let request = HTTPRequest(
            method: .get, scheme: "http", authority: head.headers.first(name: "Host"), path: head.uri,
            headerFields: fields)
        // A page of another site gets its refusal as a plain request.
        if case .refused = OriginRule(allowed: configuration.allowedOrigins).verdict(on: request) { return nil }
        let facts = ExchangeFacts.direct(channel, listener)
        if let hosts = facts.hosts, !hosts.admit(request.authority) { return nil }
        return servlet(of: request, facts: facts)
    }
}
