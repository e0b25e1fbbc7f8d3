internal import HTTPTypes
internal import NIOCore

/// An exchange of one event loop, used from another: a session that resumes on a connection of a different loop.
///
/// Everything of one read, and everything up to one flush, crosses in one hop.
final class HoppingExchange: HTTPExchange {
    fileprivate enum Operation: Sendable {
        case head(HTTPResponse)
        case body(ByteBuffer)
        case finish
        case drop
    }

    let eventLoop: any EventLoop
    fileprivate(set) var isWritable = true
    var receiver: (any HTTPExchangeReceiver)?
    private let farLoop: any EventLoop
    private let far: NIOLoopBound<FarSide>
    private var operations: [Operation] = []

    private init(eventLoop: any EventLoop, farLoop: any EventLoop, far: NIOLoopBound<FarSide>) {
        self.eventLoop = eventLoop
        self.farLoop = farLoop
        self.far = far
    }

    /// Makes `exchange` usable on `eventLoop`, where `body` is called with what stands for it.
    ///
    /// - Returns: the receiver of `exchange`.
    static func hop(
        _ exchange: any HTTPExchange, to eventLoop: any EventLoop,
        _ body: @escaping @Sendable (HoppingExchange) -> Void
    ) -> any HTTPExchangeReceiver {
        let side = FarSide(exchange, near: eventLoop)
        let far = NIOLoopBound(side, eventLoop: exchange.eventLoop)
        let isWritable = exchange.isWritable
        let farLoop = exchange.eventLoop
        eventLoop.execute {
            let near = HoppingExchange(eventLoop: eventLoop, farLoop: farLoop, far: far)
            near.isWritable = isWritable
            body(near)
            let bound = NIOLoopBound(near, eventLoop: eventLoop)
            farLoop.execute { far.value.connect(bound) }
        }
        return side
    }

    func write(head: HTTPResponse) { operations.append(.head(head)) }
    func write(body: ByteBuffer) { operations.append(.body(body)) }

    func flush() {
        guard !operations.isEmpty else { return }
        let batch = operations
        operations = []
        let far = far
        farLoop.execute { far.value.perform(batch) }
    }

    func finish() {
        operations.append(.finish)
        flush()
    }

    func drop() {
        operations.append(.drop)
        flush()
    }

    /// What the far side tells.
    fileprivate enum Input: Sendable {
        case body(ByteBuffer)
        case bodyEnded
        case readCompleted
        case writability(Bool)
        case closed
    }

    fileprivate func take(_ inputs: [Input]) {
        for input in inputs {
            switch input {
            case .body(let bytes): receiver?.bodyReceived(bytes)
            case .bodyEnded: receiver?.bodyEnded()
            case .readCompleted: receiver?.readCompleted()
            case .writability(let isWritable):
                self.isWritable = isWritable
                receiver?.writabilityChanged()
            case .closed:
                let receiver = receiver
                self.receiver = nil
                receiver?.closed()
            }
        }
    }

    /// The end on the exchange's own event loop.
    fileprivate final class FarSide: HTTPExchangeReceiver {
        private let exchange: any HTTPExchange
        private let nearLoop: any EventLoop
        private var near: NIOLoopBound<HoppingExchange>?
        private var inputs: [Input] = []
        private var isClosed = false

        init(_ exchange: any HTTPExchange, near: any EventLoop) {
            self.exchange = exchange
            nearLoop = near
        }

        func connect(_ near: NIOLoopBound<HoppingExchange>) {
            self.near = near
            deliver()
        }

        func perform(_ operations: [Operation]) {
            for operation in operations {
                switch operation {
                case .head(let head): exchange.write(head: head)
                case .body(let body): exchange.write(body: body)
                case .finish: exchange.finish()
                case .drop: exchange.drop()
                }
            }
            exchange.flush()
        }

        private func deliver() {
            guard let near, !inputs.isEmpty else { return }
            let batch = inputs
            inputs = []
            nearLoop.execute { near.value.take(batch) }
            // Nothing more comes: the two ends would hold each other for ever.
            if isClosed { self.near = nil }
        }

        func bodyReceived(_ bytes: ByteBuffer) { inputs.append(.body(bytes)) }

        func bodyEnded() {
            inputs.append(.bodyEnded)
            deliver()
        }

        func readCompleted() {
            inputs.append(.readCompleted)
            deliver()
        }

        func writabilityChanged() {
            inputs.append(.writability(exchange.isWritable))
            deliver()
        }

        func closed() {
            inputs.append(.closed)
            isClosed = true
            deliver()
        }
    }
}
