internal import LongwireProtocol
internal import NIOCore

extension LineSimulator {
    /// Begins the next attempt.
    func dial() {
        let transport = scenario.transports[client.attempts % scenario.transports.count]
        client.attempts += 1
        guard let path = client.end.machine.openPath(transport, now: now) else { return }
        trace("dial \(transport) as path \(path)")
        if transport == .poll {
            client.polls.append(path)
        } else {
            client.lines.append(makeLine(path: path, transport: transport))
        }
    }

    /// Does what is to be done at the client now, then arms its timer.
    func settleClient() {
        let end = client.end
        if let dialAt = client.dialAt, dialAt <= now, !end.machine.isEnded {
            client.dialAt = nil
            for _ in 0..<scenario.rivals { dial() }
        }
        // Who never gets through gives up.
        if end.machine.using == 0, startedAt + .seconds(200) <= now {
            end.machine.abort(code: .expired, reason: "no line", now: now)
        }
        var isOver = false
        repeat {
            clientEvents(&isOver)
            end.applicationTurn(now: now)
            end.machine.readCompleted()
            pumpClient()
        } while clientEvents(&isOver)
        if isOver { closeClient() }
        arm(end, also: client.dialAt) { .clientTimer(generation: $0) }
    }

    @discardableResult
    private func clientEvents(_ isOver: inout Bool) -> Bool {
        var isAny = false
        while let event = client.end.machine.nextEvent() {
            isAny = true
            trace("client \(event)")
            switch event {
            case .pathClosed(let path, let why): closePath(path, why)
            case .pathUsed: client.failuresInRow = 0
            case .rotationDue: dial()
            case .peerClosed: client.end.hasPeerClosed = true
            case .going: client.end.askedToEnd()
            case .ended: isOver = true
            case .pathOpened, .suspended, .sendable: break
            }
        }
        return isAny
    }

    private func closePath(_ path: UInt64, _ why: PathEnd) {
        client.polls.removeAll { $0 == path }
        for request in client.requests where request.path == path { request.isOver = true }
        client.requests.removeAll { $0.path == path }
        if let index = client.lines.firstIndex(where: { $0.path == path }) {
            closeFromClient(client.lines.remove(at: index))
        }
        guard !client.end.machine.isAttached, client.lines.count + client.polls.count < 4 else { return }
        client.failuresInRow += 1
        let most = min(2000, 20 << min(client.failuresInRow, 8))
        client.dialAt = now + .milliseconds(Int64(random.number(0...most)))
    }

    private func closeClient() {
        for line in client.lines { closeFromClient(line) }
        client.lines = []
        client.polls = []
        client.dialAt = nil
    }

    private func pumpClient() {
        for line in client.lines {
            let isWritable = isWritable(&line.up)
            while true {
                var bytes = ByteBuffer()
                let data = client.end.machine.transmit(
                    on: line.path, control: &bytes, maxBytes: isWritable ? Self.highWater : 0, now: now)
                if let data { bytes.writeImmutableBuffer(damaged(data)) }
                guard bytes.readableBytes > 0 else { break }
                let isFirst = line.written == 0
                writeUp(line, bytes)
                if isFirst, fault(scenario.doubled) { echo(line, bytes) }
            }
        }
        for path in client.lines.filter({ $0.transport == .stream }).map(\.path) + client.polls {
            while let bundle = client.end.machine.nextRequest(on: path, now: now) { send(bundle, path: path) }
            while let dead = client.end.machine.nextDeadRequest(on: path) {
                // A driver may cancel it, or let it be.
                guard random.chance(0.5) else { continue }
                for request in client.requests where request.path == path && request.transaction == dead {
                    request.isOver = true
                }
            }
        }
    }

    /// A proxy sends the beginning of a request again.
    private func echo(_ line: SimulatedLine, _ bytes: ByteBuffer) {
        let echo = SimulatedLine(
            path: line.path, transport: line.transport, process: route(), latency: line.latency,
            bandwidth: line.bandwidth, chunking: 0, checksum: scenario.checksum, now: now)
        echo.isEcho = true
        trace("echo of \(line.path)")
        let time = now + .milliseconds(Int64(random.number(0...15_000)))
        queue.add(.bytesUp(echo, bytes), at: time)
        queue.add(.endedUp(echo), at: time + .seconds(20))
    }

    func clientReceived(_ line: SimulatedLine, _ bytes: ByteBuffer) {
        guard client.lines.contains(where: { $0 === line }) else { return }
        client.end.machine.bytesReceived(bytes.readableBytes, on: line.path, now: now)
        line.clientDecoder.append(bytes)
        do {
            while let frame = try line.clientDecoder.next() {
                trace("client < \(line.path) \(brief(frame))")
                client.end.machine.frameReceived(frame, on: line.path, now: now)
            }
            line.clientDecoder.readCompleted()
        } catch {
            line.isCut = true
            client.end.machine.inputUnreadable(on: line.path, reason: "\(error)", now: now)
        }
        settleClient()
    }

    func clientLineEnded(_ line: SimulatedLine, isClean: Bool) {
        guard client.lines.contains(where: { $0 === line }) else { return }
        if isClean {
            client.end.machine.responseEnded(on: line.path, now: now)
        } else {
            client.end.machine.pathLost(line.path, now: now)
        }
        settleClient()
    }

    func responseArrived(_ request: SimulatedRequest, _ body: ByteBuffer) {
        guard !request.isOver else { return }
        request.isOver = true
        client.requests.removeAll { $0 === request }
        if body.readableBytes == 0 {
            client.end.machine.requestFailed(request.transaction, on: request.path, now: now)
            return settleClient()
        }
        if client.polls.contains(request.path) {
            client.end.machine.bytesReceived(body.readableBytes, on: request.path, now: now)
        }
        var decoder = FrameDecoder(checksum: scenario.checksum)
        decoder.append(body)
        do {
            while let frame = try decoder.next() {
                trace("client < \(request.path) #\(request.transaction) \(brief(frame))")
                client.end.machine.frameReceived(frame, on: request.path, now: now)
            }
            client.end.machine.requestAnswered(request.transaction, on: request.path, now: now)
        } catch {
            client.end.machine.inputUnreadable(on: request.path, reason: "\(error)", now: now)
            client.end.machine.requestFailed(request.transaction, on: request.path, now: now)
        }
        settleClient()
    }

    func requestFailed(_ request: SimulatedRequest) {
        guard !request.isOver else { return }
        request.isOver = true
        client.requests.removeAll { $0 === request }
        client.end.machine.requestFailed(request.transaction, on: request.path, now: now)
        settleClient()
    }

    func brief(_ frame: Frame) -> String {
        switch frame {
        case .numbered(let frame):
            switch frame.content {
            case .message(let bytes): "MESSAGE \(frame.number) (\(bytes.readableBytes))"
            case .text(let bytes): "TEXT \(frame.number) (\(bytes.readableBytes))"
            case .fragment(let bytes): "FRAGMENT \(frame.number) (\(bytes.readableBytes))"
            case .close(let code, _): "CLOSE \(frame.number) \(code)"
            }
        case .open(let open):
            "OPEN path \(open.path) using \(open.using) received \(open.received) limit \(open.limit) instance \(open.instance != nil)"
        case .opened(let opened): "OPENED received \(opened.received) limit \(opened.limit)"
        default: "\(frame)"
        }
    }
}
