import NIOCore
import NIOPosix

/// One connection to a ``FaultProxy``, which carries one request after the other.
final class FaultLine {
    private let core: FaultProxyCore
    private let front: any Channel
    private var back: (any Channel)?
    /// What came from the client and was not looked at.
    private var input = ByteBuffer()
    /// What came from the web server and was not looked at.
    private var output = ByteBuffer()
    private var exchange: Exchange?
    private var isOver = false
    private var timer: Scheduled<Void>?
    /// Tells an exchange from the ones before, for connections that answer late.
    private var turn = 0

    /// One request and its response.
    private struct Exchange {
        var request: FaultHead
        var requestBody: FaultBody
        /// The web server has the head.
        var isSent = false
        var response: FaultHead?
        var responseBody = FaultBody(.untilClose)
        /// What is held back of each.
        var heldRequest = ByteBuffer()
        var heldResponse = ByteBuffer()
        var behaviour: FaultBehaviour
        /// A byte of the request is still to be changed.
        var isToChange: Bool
        /// What of the response's body is still to come until it goes on.
        var startToHold = 0
    }

    init(core: FaultProxyCore, front: any Channel) {
        self.core = core
        self.front = front
    }

    // MARK: From the client

    func received(_ bytes: ByteBuffer) {
        input.writeImmutableBuffer(bytes)
        advance()
    }

    private func advance() {
        guard !isOver else { return }
        if exchange == nil {
            guard let head = FaultHead(&input) else { return }
            begin(head)
        }
        upload()
    }

    private func begin(_ head: FaultHead) {
        core.requests += 1
        turn += 1
        let behaviour = core.behaviour
        if head.isChunked, let status = behaviour.refusesUnknownLength { return refuse(status) }
        let framing: FaultBody.Framing = head.isChunked ? .chunked : .length(head.length ?? 0)
        exchange = Exchange(
            request: head, requestBody: FaultBody(framing), behaviour: behaviour,
            isToChange: behaviour.changesEvery.map { core.requests % $0 == 0 } ?? false)
        if let limit = behaviour.cutsAfter {
            let line = NIOLoopBound(self, eventLoop: core.loop)
            let turn = turn
            timer = core.loop.scheduleTask(in: limit) { if line.value.turn == turn { line.value.cut() } }
        }
        if !behaviour.buffersRequests { connect() }
    }

    private func refuse(_ status: Int) {
        let version = core.behaviour.speaksHTTP10 ? "HTTP/1.0" : "HTTP/1.1"
        let text = "\(version) \(status) Not Here\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        isOver = true
        core.forget(self)
        front.writeAndFlush(ByteBuffer(string: text)).whenComplete { [front] _ in front.close(promise: nil) }
    }

    /// Passes on what came of the request's body, or keeps it to its end.
    private func upload() {
        guard var exchange else { return }
        guard !exchange.requestBody.isOver || exchange.behaviour.buffersRequests || !exchange.isSent else { return }
        exchange.heldRequest.writeImmutableBuffer(exchange.requestBody.take(&input))
        self.exchange = exchange
        if exchange.behaviour.buffersRequests {
            guard exchange.requestBody.isOver, back == nil else { return }
            connect()
        } else if exchange.isSent {
            sendHeld()
        }
    }

    /// Everything that is held of the request goes out.
    private func sendHeld() {
        guard var exchange, let back else { return }
        let isChunked = exchange.request.isChunked && !exchange.behaviour.buffersRequests
        if !exchange.isSent {
            exchange.isSent = true
            var head = exchange.request
            head.set("Connection", "close")
            if exchange.behaviour.buffersRequests, exchange.request.isChunked {
                head.set("Transfer-Encoding", nil)
                head.set("Content-Length", "\(exchange.heldRequest.readableBytes)")
            }
            if exchange.behaviour.speaksHTTP10 { head.start = head.start.replacing("HTTP/1.1", with: "HTTP/1.0") }
            back.write(head.bytes, promise: nil)
        }
        var held = exchange.heldRequest
        exchange.heldRequest = ByteBuffer()
        if exchange.isToChange, !isChunked, changeByte(&held) {
            exchange.isToChange = false
            core.changed += 1
        }
        self.exchange = exchange
        write(held, isChunked: isChunked, isLast: exchange.requestBody.isOver, to: back)
    }

    /// Changes a byte amid equal ones: somebody's content, not what says where it ends.
    ///
    /// - Returns: false where there is none.
    private func changeByte(_ bytes: inout ByteBuffer) -> Bool {
        let (view, reach) = (bytes.readableBytesView, 20)
        guard view.count > 2 * reach else { return false }
        for index in view.startIndex + reach..<view.endIndex - reach
        where view[index - reach...index + reach].allSatisfy({ $0 == view[index] }) {
            bytes.setInteger(view[index] ^ 1, at: index)
            return true
        }
        return false
    }

    private func write(_ bytes: ByteBuffer, isChunked: Bool, isLast: Bool, to channel: any Channel) {
        if bytes.readableBytes > 0 {
            if isChunked {
                channel.write(ByteBuffer(string: String(bytes.readableBytes, radix: 16) + "\r\n"), promise: nil)
            }
            channel.write(bytes, promise: nil)
            if isChunked { channel.write(ByteBuffer(string: "\r\n"), promise: nil) }
        }
        if isChunked, isLast { channel.write(ByteBuffer(string: "0\r\n\r\n"), promise: nil) }
        channel.flush()
    }

    private func connect() {
        let line = NIOLoopBound(self, eventLoop: core.loop)
        let turn = turn
        ClientBootstrap(group: core.loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(FaultBack(line.value, turn: turn))
                }
            }
            .connect(host: "127.0.0.1", port: core.target)
            .whenComplete { result in
                let line = line.value
                guard case .success(let channel) = result else { return line.cut() }
                guard !line.isOver, line.turn == turn, line.exchange != nil else { return channel.close(promise: nil) }
                line.back = channel
                line.sendHeld()
            }
    }

    // MARK: From the web server

    func answered(_ bytes: ByteBuffer, turn: Int) {
        guard !isOver, turn == self.turn, exchange != nil else { return }
        output.writeImmutableBuffer(bytes)
        if exchange?.response == nil {
            guard var head = FaultHead(&output) else { return }
            while (100..<200).contains(head.status) {
                guard let next = FaultHead(&output) else { return }
                head = next
            }
            responseBegan(head)
        }
        download(isEnd: false)
    }

    private func responseBegan(_ head: FaultHead) {
        guard var exchange else { return }
        // Who knows HTTP/1.0 alone takes chunks for content.
        let isChunked = head.isChunked && !exchange.behaviour.speaksHTTP10
        exchange.responseBody = FaultBody(isChunked ? .chunked : head.length.map { .length($0) } ?? .untilClose)
        exchange.response = head
        exchange.startToHold = exchange.behaviour.holdsResponseStart
        self.exchange = exchange
        if !exchange.behaviour.buffersResponses, exchange.startToHold == 0 { writeHead(length: nil) }
    }

    /// - Parameter length: of a body that was held back.
    private func writeHead(length: Int?) {
        guard let exchange, var head = exchange.response else { return }
        if let length {
            head.set("Transfer-Encoding", nil)
            head.set("Content-Length", "\(length)")
        }
        head.set("Connection", nil)
        if exchange.behaviour.speaksHTTP10 {
            head.start = "HTTP/1.0" + head.start.dropFirst(8)
            head.set("Transfer-Encoding", nil)
        }
        if !staysOpen { head.set("Connection", "close") }
        front.write(head.bytes, promise: nil)
    }

    /// Whether another request may follow on this connection.
    private var staysOpen: Bool {
        guard let exchange else { return true }
        if exchange.behaviour.speaksHTTP10 { return false }
        guard exchange.requestBody.isOver else { return false }
        return exchange.behaviour.buffersResponses || !exchange.responseBody.endsWithConnection
    }

    private func download(isEnd: Bool) {
        guard var exchange, exchange.response != nil else { return }
        let isWhole = { exchange.responseBody.isOver || (isEnd && exchange.responseBody.endsWithConnection) }
        let bytes = exchange.responseBody.take(&output)
        if exchange.behaviour.buffersResponses {
            exchange.heldResponse.writeImmutableBuffer(bytes)
            self.exchange = exchange
            guard isWhole() else { return }
            writeHead(length: exchange.heldResponse.readableBytes)
            write(exchange.heldResponse, isChunked: false, isLast: true, to: front)
        } else {
            exchange.heldResponse.writeImmutableBuffer(bytes)
            if exchange.startToHold > 0 {
                self.exchange = exchange
                guard isWhole() || exchange.heldResponse.readableBytes >= exchange.startToHold else { return }
                exchange.startToHold = 0
                writeHead(length: nil)
            }
            let bytes = exchange.heldResponse
            exchange.heldResponse = ByteBuffer()
            self.exchange = exchange
            let isChunked = exchange.response?.isChunked == true && !exchange.behaviour.speaksHTTP10
            write(bytes, isChunked: isChunked, isLast: isWhole(), to: front)
            guard isWhole() else { return }
        }
        finished()
    }

    private func finished() {
        let stays = staysOpen
        timer?.cancel()
        exchange = nil
        turn += 1
        output = ByteBuffer()
        back?.close(promise: nil)
        back = nil
        if stays { return advance() }
        isOver = true
        core.forget(self)
        front.close(mode: .output, promise: nil)
        let front = front
        _ = core.loop.scheduleTask(in: .milliseconds(500)) { front.close(promise: nil) }
    }

    // MARK: Ends

    func frontClosed() { cut() }

    func backClosed(turn: Int) {
        guard !isOver, turn == self.turn, let exchange else { return }
        if exchange.response != nil, exchange.responseBody.endsWithConnection { return download(isEnd: true) }
        cut()
    }

    func cut() {
        guard !isOver else { return }
        isOver = true
        timer?.cancel()
        exchange = nil
        core.forget(self)
        front.close(promise: nil)
        back?.close(promise: nil)
    }
}

/// The side of the client.
final class FaultFront: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let line: FaultLine

    init(_ line: FaultLine) { self.line = line }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { line.received(unwrapInboundIn(data)) }
    func channelInactive(context: ChannelHandlerContext) { line.frontClosed() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// The side of the web server.
final class FaultBack: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let line: FaultLine
    private let turn: Int

    init(_ line: FaultLine, turn: Int) {
        self.line = line
        self.turn = turn
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { line.answered(unwrapInboundIn(data), turn: turn) }
    func channelInactive(context: ChannelHandlerContext) { line.backClosed(turn: turn) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
