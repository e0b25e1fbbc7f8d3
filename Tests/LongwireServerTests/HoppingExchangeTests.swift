import HTTPTypes
import NIOCore
import NIOPosix
import Testing

@testable import LongwireServer

/// A transaction whose connection is on another event loop than its session.
@Suite struct HoppingExchangeTests {
    private final class Exchange: HTTPExchange {
        let eventLoop: any EventLoop
        let isWritable = true
        var receiver: (any HTTPExchangeReceiver)?
        private let gone: EventLoopPromise<Void>

        init(_ eventLoop: any EventLoop, gone: EventLoopPromise<Void>) {
            self.eventLoop = eventLoop
            self.gone = gone
        }

        deinit { gone.succeed() }

        func write(head: HTTPResponse) {}
        func write(body: ByteBuffer) {}
        func flush() {}
        func finish() {}
        func drop() {}

        func end() {
            let receiver = receiver
            self.receiver = nil
            receiver?.closed()
        }
    }

    /// Also one that is over before the other event loop knows of it.
    @Test(.timeLimit(.minutes(1)), arguments: [false, true])
    func nothingIsKeptOfOneThatIsOver(atOnce: Bool) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let (far, near) = (group.next(), group.next())
        let (gone, arrived) = (far.makePromise(of: Void.self), far.makePromise(of: Void.self))
        let exchange = try await far.submit {
            let exchange = Exchange(far, gone: gone)
            exchange.receiver = HoppingExchange.hop(exchange, to: near) { _ in arrived.succeed() }
            return NIOLoopBoundBox<Exchange?>(exchange, eventLoop: far)
        }.get()
        @Sendable func end() {
            exchange.value?.end()
            exchange.value = nil
        }
        if atOnce { try await far.submit { end() }.get() }
        try await arrived.futureResult.get()
        if !atOnce { try await far.submit { end() }.get() }
        try await gone.futureResult.get()
        try await group.shutdownGracefully()
    }
}
