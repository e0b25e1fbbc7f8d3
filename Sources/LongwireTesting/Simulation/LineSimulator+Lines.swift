internal import LongwireProtocol
internal import NIOCore

extension LineSimulator {
    // MARK: Lines

    func makeLine(path: UInt64, transport: TransportKind) -> SimulatedLine {
        lines += 1
        let line = SimulatedLine(
            path: path, transport: transport, process: route(),
            latency: .milliseconds(Int64(random.number(scenario.latencyMilliseconds))),
            bandwidth: scenario.bandwidth, chunking: scenario.chunking, checksum: scenario.checksum, now: now)
        if fault(scenario.cut) {
            let life = TimeAmount.milliseconds(Int64(random.number(0...(2 * scenario.lineLifeMilliseconds))))
            queue.add(.cut(line), at: now + life)
        }
        if fault(scenario.lateOpen) {
            line.up.arrivesAt = now + .milliseconds(Int64(random.number(100...14_000)))
        }
        return line
    }

    /// The process that a transaction of the session reaches.
    func route() -> Int {
        guard random.chance(scenario.misrouted) else { return client.home }
        return random.number(0...(scenario.processes - 1))
    }

    /// The client writes one piece.
    func writeUp(_ line: SimulatedLine, _ bytes: ByteBuffer) {
        line.wrote(bytes.readableBytes)
        checkAllowance(line)
        split(bytes, line.chunking) { part in
            line.up.inFlight += part.readableBytes
            let time = line.arrival(part.readableBytes, isUp: true, now: now)
            queue.add(.bytesUp(line, part), at: time)
        }
    }

    func writeDown(_ line: SimulatedLine, _ bytes: ByteBuffer) {
        split(bytes, line.chunking) { part in
            line.down.inFlight += part.readableBytes
            let time = line.arrival(part.readableBytes, isUp: false, now: now)
            queue.add(.bytesDown(line, part), at: time)
        }
    }

    private func split(_ bytes: ByteBuffer, _ probability: Double, _ body: (ByteBuffer) -> Void) {
        var rest = bytes
        var parts = 0
        while rest.readableBytes > 1, parts < 4, random.chance(probability) {
            let length = random.number(1...rest.readableBytes)
            if let part = rest.readSlice(length: length) { body(part) }
            parts += 1
        }
        if rest.readableBytes > 0 { body(rest) }
    }

    /// Flips a bit in the middle of what a path carries, as a broken line does.
    func damaged(_ bytes: ByteBuffer) -> ByteBuffer {
        guard bytes.readableBytes > 2000, fault(scenario.corrupt) else { return bytes }
        var bytes = bytes
        let index = bytes.readerIndex + bytes.readableBytes / 2
        if let byte = bytes.getInteger(at: index, as: UInt8.self) { bytes.setInteger(byte ^ 4, at: index) }
        trace("damaged")
        return bytes
    }

    private func checkAllowance(_ line: SimulatedLine) {
        guard line.transport == .duplex, !scenario.configuration.ignoresAllowance else { return }
        // The last word of a session goes in any case (rule 8).
        guard client.end.machine.ending == nil else { return }
        let unread = line.written - line.read
        let most = [scenario.serverConfiguration, scenario.configuration].map { configuration in
            let limit = AllowanceLimit(granting: configuration.allowanceBytes, pieces: configuration.allowancePieces)
            let spare = limit.pieces - min(limit.pieces, UInt64(line.pieces.count))
            return limit.bytes + spare * limit.pieceWorth
        }
        if unread > most.max() ?? 0 {
            client.end.fail("\(unread) bytes in \(line.pieces.count) pieces are unread, more than the allowance")
        }
        let pieces = scenario.serverConfiguration.allowancePieces
        if line.hasOpen, pieces > 0, line.pieces.count > pieces {
            client.end.fail("\(line.pieces.count) pieces are unread, more than the allowance")
        }
    }

    func bytesArriveUp(_ line: SimulatedLine, _ bytes: ByteBuffer) {
        line.up.inFlight -= bytes.readableBytes
        guard !line.isCut, !line.isStalled else { return }
        line.socketUnread += bytes.readableBytes
        if let most = scenario.stallBytes, line.hasOpen, line.socketUnread > most {
            line.isStalled = true
            trace("path \(line.path) stalls")
            if !scenario.configuration.ignoresAllowance { client.end.fail("the uplink stalled within the allowance") }
            return
        }
        let delay = TimeAmount.milliseconds(Int64(random.number(scenario.readDelayMilliseconds)))
        line.socketReadAt = max(line.socketReadAt, now + delay)
        if line.socketReadAt <= now {
            bytesReadUp(line, bytes)
        } else {
            queue.add(.socketRead(line, bytes), at: line.socketReadAt)
        }
        if line.up.isSenderWaiting, line.up.inFlight < Self.highWater {
            line.up.isSenderWaiting = false
            settleClient()
        }
    }

    func bytesReadUp(_ line: SimulatedLine, _ bytes: ByteBuffer) {
        line.socketUnread -= bytes.readableBytes
        guard !line.isCut || line.isEcho else { return }
        line.wasRead(bytes.readableBytes)
        serverReceived(line, bytes)
    }

    func bytesArriveDown(_ line: SimulatedLine, _ bytes: ByteBuffer) {
        line.down.inFlight -= bytes.readableBytes
        if line.down.isSenderWaiting, line.down.inFlight < Self.highWater, let session = line.session {
            line.down.isSenderWaiting = false
            settle(session)
        }
        guard !line.isCut, !line.isEcho else { return }
        clientReceived(line, bytes)
    }

    static var highWater: Int { 64 * 1024 }

    func isWritable(_ way: inout SimulatedLine.Way) -> Bool {
        if way.inFlight < Self.highWater { return true }
        way.isSenderWaiting = true
        return false
    }

    /// The line breaks: for both sides at once, for one of them only, or without a word.
    func cut(_ line: SimulatedLine) {
        guard !line.isCut else { return }
        line.isCut = true
        let isSilent = random.chance(scenario.silent)
        let isHalf = random.chance(scenario.half)
        trace("cut \(line.path) silent \(isSilent) half \(isHalf)")
        if isSilent && !isHalf { return }
        let latency = line.latency
        if !isHalf || random.chance(0.5) {
            queue.add(.endedDown(line, isClean: random.chance(0.5)), at: now + latency)
            if isHalf { return }
        }
        queue.add(.endedUp(line), at: now + latency)
    }

    /// The client closes its end: the server reads that after all that was written.
    func closeFromClient(_ line: SimulatedLine) {
        guard !line.up.isEnded else { return }
        line.up.isEnded = true
        queue.add(.endedUp(line), at: line.arrival(0, isUp: true, now: now))
    }

    /// The server ends the response.
    func closeFromServer(_ line: SimulatedLine) {
        guard !line.down.isEnded else { return }
        line.down.isEnded = true
        queue.add(.endedDown(line, isClean: true), at: line.arrival(0, isUp: false, now: now))
    }

    // MARK: Finite transactions

    func send(_ bundle: SessionMachine.Bundle, path: UInt64) {
        let fate: SimulatedRequest.Fate =
            if fault(scenario.requestLost) {
                .lost(isTold: random.chance(scenario.requestTold))
            } else if fault(scenario.requestUnanswered) {
                .unanswered(isTold: random.chance(scenario.requestTold))
            } else if fault(scenario.doubled) {
                .doubled
            } else {
                .arrives
            }
        let jitter = isHealthy ? 0 : random.number(scenario.requestJitterMilliseconds)
        let latency = TimeAmount.milliseconds(Int64(random.number(scenario.latencyMilliseconds) + jitter))
        let request = SimulatedRequest(
            path: path, transaction: bundle.transaction, process: route(), body: damaged(bundle.body),
            latency: latency, fate: fate)
        trace("request \(request.transaction) on \(path), \(request.body.readableBytes) bytes, \(fate)")
        client.requests.append(request)
        let transfer = TimeAmount.nanoseconds(Int64(request.body.readableBytes) * 1_000_000_000 / scenario.bandwidth)
        let arrival = now + latency + transfer
        switch fate {
        case .lost(let isTold):
            if isTold { queue.add(.requestFails(request), at: arrival) }
        case .doubled:
            queue.add(.requestArrives(request), at: arrival)
            queue.add(.requestArrives(request), at: arrival + .milliseconds(Int64(random.number(0...2000))))
        case .arrives, .unanswered:
            queue.add(.requestArrives(request), at: arrival)
        }
    }

    func respond(_ request: SimulatedRequest, _ body: ByteBuffer) {
        let transfer = TimeAmount.nanoseconds(Int64(body.readableBytes) * 1_000_000_000 / scenario.bandwidth)
        let arrival = now + request.latency + transfer
        if case .unanswered(let isTold) = request.fate {
            if isTold { queue.add(.requestFails(request), at: arrival) }
            return
        }
        queue.add(.responseArrives(request, damaged(body)), at: arrival)
    }
}
