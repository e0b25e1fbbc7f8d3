internal import HTTPTypes
internal import LongwireSession
internal import LongwireTransport
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypesHTTP1
internal import NIOWebSocket

extension Mount {
    /// Makes a WebSocket of a request for one of this mount's servlets; any other goes on as a plain request.
    func webSocketUpgrader() -> NIOWebSocketServerUpgrader {
        NIOWebSocketServerUpgrader(maxFrameSize: WebSocketLine.frameLimit, automaticErrorHandling: true) {
            channel, head in
            let isOurs = self.webSocketTarget(head, channel) != nil
            return channel.eventLoop.makeSucceededFuture(isOurs ? HTTPHeaders() : nil)
        } upgradePipelineHandler: { channel, head in
            channel.eventLoop.makeCompletedFuture {
                guard let (servlet, request) = self.webSocketTarget(head, channel) else { return }
                let exchange = LineExchange(.websocket, eventLoop: channel.eventLoop) { exchange in
                    FrameTransaction(
                        mount: self, exchange: exchange, place: .servlet(servlet, request), isLoopbackTCP: false)
                }
                try channel.pipeline.syncOperations.addHandler(WebSocketLine(isClient: false))
                try channel.pipeline.syncOperations.addHandler(exchange)
            }
        }
    }

    private func webSocketTarget(_ head: HTTPRequestHead, _ channel: any Channel) -> (ServletKind?, SessionRequest)? {
        var fields = HTTPFields()
        for (name, value) in head.headers {
            if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
        }
        let request = HTTPRequest(
            method: .get, scheme: "http", authority: head.headers.first(name: "Host"), path: head.uri,
            headerFields: fields)
        // A page of another site gets its refusal as a plain request.
        if case .refused = OriginRule(allowed: configuration.allowedOrigins).verdict(on: request) { return nil }
        return servlet(of: request, facts: .direct(channel))
    }
}
