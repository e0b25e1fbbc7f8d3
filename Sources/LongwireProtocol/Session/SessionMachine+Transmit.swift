package import NIOCore

extension SessionMachine {
    /// Pulls what is to be written to a path whose transaction streams in this direction.
    ///
    /// Call it until it returns nil and leaves `control` empty. Control frames are appended to `control`; they go
    /// before the bytes returned, in the same write.
    ///
    /// - Parameter maxBytes: what the transaction takes now of data frames; 0 while it is not writable.
    package mutating func transmit(
        on path: UInt64, control: inout ByteBuffer, maxBytes: Int, now: NIODeadline
    ) -> ByteBuffer? {
        guard let index = index(of: path), streams(pathAt: index) else { return nil }
        let before = control.readableBytes
        var room = Int.max
        if let allowance = paths[index].client?.allowance { room = allowance.controlBytes }
        room = min(room, paths[index].bodyLeft)
        if role == .client, paths[index].owesOpening {
            // What has ended is not opened again.
            guard ending == nil else { return nil }
            paths[index].owesOpening = false
            let open = openFrame(path: paths[index], transport: paths[index].transport)
            paths[index].hasNamedInstance = open.instance != nil
            FrameEncoder.write(.open(open), to: &control)
            wrote(control.readableBytes - before, on: index, now: now)
            return nil
        }
        guard paths[index].phase != .dialing else { return nil }
        if role == .server, paths[index].owesOpening {
            paths[index].owesOpening = false
            FrameEncoder.write(.opened(openedFrame), to: &control)
            if paths[index].prelude > 0 { FrameEncoder.writePad(paths[index].prelude, to: &control) }
        }
        if ending != nil {
            // That the client's last ACK was read is no news when the end of the response follows.
            let isAllTold = role == .server && ending?.kind == .closed && !acks.owesNumbers
            if !isAllTold { writeLastWords(on: index, to: &control, now: now) }
            wrote(control.readableBytes - before, on: index, now: now)
            return nil
        }
        guard room >= Self.controlRoom else { return nil }
        let data = paths[index].phase == .used ? nextData(on: index, maxBytes: maxBytes, now: now) : nil
        writeControl(on: index, rides: data != nil, to: &control, now: now)
        wrote(control.readableBytes - before + (data?.readableBytes ?? 0), on: index, now: now)
        return data
    }

    /// Whether this end streams on the path: a client's OPEN goes in the head of a `stream` path, and nothing else.
    @inline(__always)
    private mutating func streams(pathAt index: Int) -> Bool {
        switch paths[index].transport {
        case .poll, .uplink: false
        case .stream: role == .server || (paths[index].owesOpening && ending == nil)
        case .duplex, .tcp, .websocket: true
        }
    }

    /// The bytes that every control frame that may wait takes at most, together.
    static let controlRoom = 64

    private mutating func nextData(on index: Int, maxBytes: Int, now: NIODeadline) -> ByteBuffer? {
        guard outbox.hasUnsent, maxBytes > 0 else { return nil }
        var maxBytes = min(maxBytes, paths[index].bodyLeftForData)
        if let allowance = paths[index].client?.allowance {
            maxBytes = min(maxBytes, allowance.dataBytes == .max ? .max : allowance.dataBytes - Self.controlRoom)
        }
        guard maxBytes > 0 else { return nil }
        let inFlight = roundTrip.inFlightLimit(window: outbox.capacity)
        guard let run = outbox.next(maxBytes: maxBytes, inFlight: inFlight) else { return nil }
        roundTrip.sent(run.last, costCovered: outbox.costCovered, now: now)
        if uncoveredSince == nil { uncoveredSince = now }
        return run.bytes
    }

    private mutating func writeControl(on index: Int, rides: Bool, to control: inout ByteBuffer, now: NIODeadline) {
        if paths[index].owesPong, let pong = paths[index].owedPong {
            paths[index].owedPong = nil
            FrameEncoder.write(.pong(pong), checksum: checksum, to: &control)
        }
        let isUsed = paths[index].phase == .used
        if paths[index].owesAck || (isUsed && (acks.isDue(now) || (rides && acks.dueAt != nil))) {
            paths[index].owesAck = false
            writeAck(on: index, alone: !rides, to: &control, now: now)
        }
        guard isUsed else { return }
        if owesPing { writePing(on: index, to: &control, now: now) }
        if let code = owedGoing {
            owedGoing = nil
            FrameEncoder.write(.going(code), checksum: checksum, to: &control)
        }
    }

    mutating func writePing(on index: Int, to control: inout ByteBuffer, now: NIODeadline) {
        owesPing = false
        pingCount &+= 1
        let payload = PingPayload(bytes: UInt64(pingCount), count: 4)
        pingSentAt = (payload, paths[index].number, now)
        FrameEncoder.write(.ping(payload), checksum: checksum, to: &control)
    }

    /// - Parameter alone: whether no data goes with it.
    mutating func writeAck(on index: Int, alone: Bool, to control: inout ByteBuffer, now: NIODeadline) {
        let limit = inbox.limit
        paths[index].bytesReadSaid = paths[index].bytesRead
        paths[index].acknowledgedAt = now
        let extra = role == .server ? paths[index].bytesRead : using
        FrameEncoder.writeAck(
            AckFrame(received: inbox.received, limit: limit, extra: extra), checksum: checksum, to: &control)
        acks.sent(limit: limit, alone: alone ? now : nil)
    }

    /// The final ACK or ABORT.
    mutating func writeLastWords(on index: Int, to control: inout ByteBuffer, now: NIODeadline) {
        if let abort = owedAbort {
            guard paths[index].phase == .used || usedIndex == nil else { return }
            owedAbort = nil
            FrameEncoder.write(.abort(abort), to: &control)
            // It says what had been received, and nothing follows it.
            acks.sent(limit: inbox.limit)
        } else if acks.dueAt != nil, paths[index].phase == .used {
            writeAck(on: index, alone: true, to: &control, now: now)
        }
    }

    mutating func wrote(_ count: Int, on index: Int, now: NIODeadline) {
        guard count > 0 else { return }
        paths[index].sent(now)
        paths[index].bytesWritten += UInt64(count)
        if let allowance = paths[index].client?.allowance {
            if allowance.unread == 0 { paths[index].progressAt = now }
            paths[index].client?.allowance?.wrote(count)
        }
    }

    var openedFrame: OpenedFrame {
        var parameters = offers
        if checksum { parameters.append(Parameter(Parameter.checksum, Parameter.crc32c)) }
        let allowanceLimit = allowanceLimit
        if allowanceLimit.pieceWorth > 0 {
            parameters.append(Parameter(Parameter.piece, String(allowanceLimit.pieceWorth)))
        }
        return OpenedFrame(
            identifier: identifier, token: token, instance: instance ?? SessionInstance(rawValue: 0),
            received: inbox.received,
            limit: inbox.limit, allowance: allowanceLimit,
            heartbeat: UInt64(clamping: heartbeat.nanoseconds / 1_000_000),
            resumeTime: UInt64(clamping: resumeTime.nanoseconds / 1_000_000),
            greatestAge: UInt64(clamping: configuration.greatestAge.nanoseconds / 1_000_000),
            greatestSize: UInt64(max(configuration.greatestSize, 0)),
            parameters: parameters)
    }
}
