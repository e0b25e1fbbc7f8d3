internal import NIOCore

/// The response to a plain client's GET, for as long as it streams events.
final class PlainDownlink: HTTPExchangeReceiver {
    private let exchange: any HTTPExchange
    private var peer: PlainPeer?

    init(exchange: any HTTPExchange, peer: PlainPeer) {
        self.exchange = exchange
        self.peer = peer
    }

    var isWritable: Bool { exchange.isWritable }

    func write(_ events: ByteBuffer) {
        exchange.write(body: events)
        exchange.flush()
    }

    /// Ends the response: the session is over, or another GET has come.
    func end() {
        peer = nil
        exchange.finish()
    }

    func writabilityChanged() { if exchange.isWritable { peer?.downlinkWritable() } }

    func closed() {
        let peer = peer
        self.peer = nil
        peer?.detached(self)
    }

    func bodyReceived(_ bytes: ByteBuffer) {}
    func bodyEnded() {}
    func readCompleted() {}
}
