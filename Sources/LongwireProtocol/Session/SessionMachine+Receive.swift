package import NIOCore

extension SessionMachine {
    /// Bytes came from the other side on this path, whatever they say.
    package mutating func bytesReceived(_ count: Int, on path: UInt64, now: NIODeadline) {
        guard let index = index(of: path) else { return }
        paths[index].heard(now)
        paths[index].bytesRead += UInt64(count)
        guard role == .server, paths[index].transport == .duplex else { return }
        let unsaid = paths[index].bytesRead - paths[index].bytesReadSaid
        if unsaid >= urgentlyReadBytes { acks.urgent(now) } else { acks.soon(now) }
    }

    /// A whole message came on this path: the same as ``frameReceived(_:on:now:)``, of what nearly every frame is.
    package mutating func messageReceived(_ message: consuming MessageFrame, on path: UInt64, now: NIODeadline) {
        guard !isEnded, index(of: path) != nil, inbox.takesNext(message.number) else {
            return frameReceived(.numbered(message.numbered), on: path, now: now)
        }
        do {
            let cost = UInt64(message.payload.readableBytes) + FrameLimits.overhead
            try inbox.receiveNext(message, cost: cost)
            acks.numberedFrame(cost: cost, now: now)
            acks.creditReturned(limit: inbox.limit, now: now)
            movedAt = now
            unreadableInputs = 0
        } catch {
            violated(error, now: now)
        }
    }

    /// A frame came on this path.
    package mutating func frameReceived(_ frame: consuming Frame, on path: UInt64, now: NIODeadline) {
        guard let index = index(of: path) else { return }
        // What crosses with our own end changes nothing any more, but for the client's last word.
        guard !isEnded else { return }
        switch consume frame {
        case .numbered(let frame): numberedReceived(frame, on: index, now: now)
        case .ack(let ack):
            let before = (outbox.covered, outbox.limit / FrameLimits.overhead, using)
            ackReceived(ack, on: index, now: now)
            if before == (outbox.covered, outbox.limit / FrameLimits.overhead, using) { uselessReceived(now: now) }
        case .ping(let payload):
            uselessReceived(now: now)
            guard ending == nil else { return }
            paths[index].owedPong = payload
            paths[index].owesAck = true
        case .pong(let payload):
            if let ping = pingSentAt, ping.payload == payload, ping.path == path {
                roundTrip.measured(now - ping.at)
                lastPing = now - ping.at
                pingSentAt = nil
            }
        case .opened(let opened):
            if role == .client { openedReceived(opened, on: index, now: now) } else { unexpected("OPENED", now: now) }
        case .going(let code):
            guard role == .client else { return unexpected("GOING", now: now) }
            guard goingCode == nil else { return }
            goingCode = code
            events.append(.going(code))
        case .abort(let abort): abortReceived(abort, on: index, now: now)
        case .open: unexpected("a second OPEN", now: now)
        }
    }

    /// Server: a frame that brings nothing; too many of them are somebody who keeps a server busy.
    private mutating func uselessReceived(now: NIODeadline) {
        guard role == .server, ending == nil, !useless.take(now: now) else { return }
        abort(
            code: .overloaded,
            reason: "more than \(UselessFrames.perSecond) frames a second that bring nothing, the limit", now: now)
    }

    /// All of one read has been handled: what waits is moved to memory of its own.
    package mutating func readCompleted() { inbox.readCompleted() }

    private mutating func unexpected(_ what: String, now: NIODeadline) {
        abort(code: .protocolError, reason: "\(what) in the middle of a transaction", now: now)
    }

    private mutating func numberedReceived(_ frame: consuming NumberedFrame, on index: Int, now: NIODeadline) {
        let number = frame.number
        let cost = frame.cost
        var isAhead = false
        if number > inbox.received + 1 {
            let transport = paths[index].transport
            isAhead = role == .server ? !transport.isFiniteUp : !transport.isFiniteDown
            // A stream has no gaps; nothing is repeated in place there, so the rest would wait for ever.
            if isAhead, !isGapAwaited(at: index) { return gapFound(number, on: index, now: now) }
        }
        do {
            let isNew = try inbox.receive(frame)
            acks.numberedFrame(cost: cost, now: now)
            acks.creditReturned(limit: inbox.limit, now: now)
            guard isNew else { return }
            movedAt = now
            unreadableInputs = 0
            guard inbox.isClosed else { return }
            sayPeerClose(now: now)
            endIfBothClosed()
        } catch {
            if isAhead, error == .beyondCredit { return gapFound(number, on: index, now: now) }
            violated(error, now: now)
        }
    }

    private mutating func gapFound(_ number: UInt64, on index: Int, now: NIODeadline) {
        inputUnreadable(
            on: paths[index].number, reason: "frame \(number) came after \(inbox.received)", now: now)
    }

    /// Client, `stream`: whether what is missing may still come in the answer to an uplink (rule 3).
    private mutating func isGapAwaited(at index: Int) -> Bool {
        guard role == .client, paths[index].transport == .stream else { return false }
        if paths[index].gap?.received != inbox.received {
            paths[index].gap = (inbox.received, before: paths[index].nextTransaction)
        }
        return isGapStillAwaited(at: index)
    }

    private mutating func isGapStillAwaited(at index: Int) -> Bool {
        guard let gap = paths[index].finite?.gap else { return false }
        return paths[index].flights.isAnyAwaited(before: gap.before)
    }

    /// An uplink has come to its end: what is still missing on the downlink must be in another's answer.
    mutating func reviewGap(at index: Int, now: NIODeadline) {
        guard let finite = paths[index].finite, let gap = finite.gap else { return }
        guard inbox.hasGap, gap.received == inbox.received else { return finite.gap = nil }
        if !isGapStillAwaited(at: index) { closePath(at: index, .cut, now: now) }
    }

    private mutating func sayPeerClose(now: NIODeadline) {
        guard let close = inbox.close, !isPeerCloseSaid else { return }
        isPeerCloseSaid = true
        acks.urgent(now)
        events.append(.peerClosed(close.code, reason: close.reason))
    }

    private mutating func ackReceived(_ ack: AckFrame, on index: Int, now: NIODeadline) {
        let number = paths[index].number
        guard acknowledged(received: ack.received, limit: ack.limit, now: now) else { return }
        if role == .server {
            use(path: ack.extra, now: now)
        } else if let pathIndex = self.index(of: number), paths[pathIndex].client?.allowance != nil {
            guard let isNews = paths[pathIndex].client?.allowance?.read(total: ack.extra) ?? nil else {
                return abort(code: .protocolError, reason: "more bytes read than were written", now: now)
            }
            if isNews {
                paths[pathIndex].progressAt = now
                paths[pathIndex].hasNudged = false
                watchdogFired = 0
            }
        }
        guard role == .client, number == using else { return }
        if let pathIndex = self.index(of: number) { paths[pathIndex].isConfirmed = true }
        closeOthers()
    }

    /// Learns what arrived at the other side.
    ///
    /// - Returns: false when the session has ended over it.
    mutating func acknowledged(received: UInt64, limit: UInt64, now: NIODeadline) -> Bool {
        // Whose window is small has a small buffer for what it sends, too.
        if limit < UInt64(AckSchedule.roomyBytes) { acks.keepNoDistance() }
        let before = outbox.covered
        guard outbox.acknowledged(upTo: received, limit: limit) else {
            abort(code: .protocolError, reason: "frame \(received) is acknowledged and was never sent", now: now)
            return false
        }
        if outbox.covered > before {
            movedAt = now
            uncoveredSince = uncoveredSince != nil && outbox.highestSent > outbox.covered ? now : nil
            uncoveredFired = 0
            if closeCoveredAt == nil, outbox.isCloseCovered { closeCoveredAt = now }
            roundTrip.covered(outbox.covered, costCovered: outbox.costCovered, now: now)
            let isServer = role == .server
            for index in paths.indices { paths[index].finite?.flights.covered(outbox.covered, isServer: isServer) }
        }
        if wasFull, outbox.hasRoom {
            wasFull = false
            events.append(.sendable)
        }
        endIfBothClosed()
        return ending == nil
    }

    private mutating func abortReceived(_ abort: AbortFrame, on index: Int, now: NIODeadline) {
        let path = paths[index]
        // Over bare TCP a server knows less of who comes: what it refuses there it may accept over HTTP.
        let isFinal = path.transport != .tcp || !hasOtherTransports
        let isLastAttempt = usedIndex == nil && paths.count == 1 && isFinal
        guard path.phase == .used || isLastAttempt else {
            return closePath(at: index, .denied(abort.code, abort.reason), now: now)
        }
        ended(by: abort)
    }

    /// Server: the client's ABORT came in a request whose path is gone, as the line of its downlink may end first.
    package mutating func abortReceivedAside(_ abort: AbortFrame) {
        guard role == .server, ending == nil else { return }
        ended(by: abort)
    }

    private mutating func ended(by abort: AbortFrame) {
        _ = outbox.acknowledged(upTo: min(abort.received, outbox.highestSent), limit: 0)
        if outbox.isCloseCovered, let close = inbox.close {
            // The server ended normally and its last words were lost (rule 7).
            return endClosed(close)
        }
        let kind: SessionEnding.Kind = abort.code == .noSuchSession && hasHistory ? .lost : .aborted
        end(kind, code: abort.code, reason: abort.reason, isRemote: true)
    }

    /// What came on this path is not frames: it is cut, and the third time without progress the session ends (rule 13).
    package mutating func inputUnreadable(on path: UInt64, reason: String, now: NIODeadline) {
        guard ending == nil, let index = index(of: path) else { return }
        unreadableInputs += 1
        guard unreadableInputs < 3 else {
            return abort(code: .protocolError, reason: "unreadable input three times: \(reason)", now: now)
        }
        // Where transactions towards this end are finite, only the one that brought it is cut.
        let transport = paths[index].transport
        if role == .server ? transport.isFiniteUp : transport.isFiniteDown { return }
        closePath(at: index, .unreadable, now: now)
    }
}
