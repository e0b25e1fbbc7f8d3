package import NIOCore

/// Frames in transactions that end one by one: the uplinks of `stream`, and both ways of `poll` (rows B1 to B5).
extension SessionMachine {
    /// One request body, or one response body, with the number by which its fate is reported.
    package struct Bundle {
        package var transaction: UInt64
        package var body: ByteBuffer
    }

    // MARK: Client

    /// The next request of a `stream` path's uplink or of a `poll` path, if one is due.
    package mutating func nextRequest(on path: UInt64, now: NIODeadline) -> Bundle? {
        guard role == .client, let index = index(of: path) else { return nil }
        if ending != nil { return lastRequest(at: index) }
        guard isRequestDue(at: index, now: now) else { return nil }
        let isPoll = paths[index].transport == .poll
        var body = ByteBuffer()
        let open = openFrame(path: paths[index], transport: isPoll ? .poll : .uplink)
        FrameEncoder.write(.open(open), to: &body)
        if isPoll { paths[index].owesOpening = false }
        paths[index].hasNamedInstance = open.instance != nil
        paths[index].owesAck = false
        paths[index].acknowledgedAt = now
        let limit = inbox.limit
        let range = appendBundle(on: index, to: &body, now: now)
        acks.sent(limit: limit, alone: range == nil && !isPoll ? now : nil)
        let transaction = paths[index].nextTransaction
        paths[index].nextTransaction += 1
        paths[index].finite?.flights.sent(transaction, range: range, now: now)
        wrote(body.readableBytes, on: index, now: now)
        return Bundle(transaction: transaction, body: body)
    }

    private mutating func isRequestDue(at index: Int, now: NIODeadline) -> Bool {
        let path = paths[index]
        if let retryAt = path.flights.retryAt, retryAt > now { return false }
        let underWay = path.flights.underWay
        let isSomethingDue = path.owesAck || acks.isDue(now) || path.owesPong || owesPing
        switch path.transport {
        case .poll:
            guard path.phase == .used, path.isConfirmed else { return underWay == 0 }
            // The next request goes at once, or when it has waited for what it may carry.
            if underWay == 0 { return isSomethingDue || isGathered(now) }
            guard underWay < configuration.pollRequests else { return false }
            return isSomethingDue || (outbox.hasSendable && isGathered(now))
        case .stream:
            guard path.phase == .used, underWay < configuration.uplinkRequests else { return false }
            if isSomethingDue { return true }
            guard outbox.hasSendable else { return false }
            // What comes while requests are under way makes a bundle. A message by itself need not wait for the answers to
            // those of which the downlink says already that they were read.
            let isAlone = outbox.unsentFrames == 1 && path.flights.unread(covered: outbox.covered) == 0
            if underWay == 0 || isAlone || outbox.isClosing { return isGathered(now) }
            return outbox.hasRepeats || isBundle
        default: return false
        }
    }

    /// Whether the next request would only say what was received: it may wait a moment for messages to go with.
    package mutating func isNextRequestBare(on path: UInt64, now: NIODeadline) -> Bool {
        guard role == .client, ending == nil, let index = index(of: path), paths[index].isConfirmed else {
            return false
        }
        let isDue = acks.isDue(now) || (acks.dueAt != nil && paths[index].transport == .poll)
        return isDue && !outbox.hasUnsent && !paths[index].owesAck && !paths[index].owesPong && !owesPing
    }

    /// Whether what has not gone yet makes a bundle.
    private var isBundle: Bool {
        outbox.unsentBytes >= UInt64(configuration.bundleBytes)
            || outbox.unsentFrames >= UInt64(configuration.bundleMessages)
    }

    /// Whether what could go now makes a bundle, or has waited for one long enough.
    private mutating func isGathered(_ now: NIODeadline) -> Bool {
        guard configuration.bundleDelay > .zero, !outbox.hasRepeats, !outbox.isClosing, !isBundle else { return true }
        let since = gatheringSince ?? now
        gatheringSince = since
        return since + configuration.bundleDelay <= now
    }

    /// The ABORT of a client whose requests are finite: it goes in one of its own.
    private mutating func lastRequest(at index: Int) -> Bundle? {
        guard paths[index].transport.isFiniteUp, owedAbort != nil else { return nil }
        var body = ByteBuffer()
        let isPoll = paths[index].transport == .poll
        FrameEncoder.write(.open(openFrame(path: paths[index], transport: isPoll ? .poll : .uplink)), to: &body)
        let before = body.readableBytes
        writeLastWords(on: index, to: &body, now: startedAt)
        guard body.readableBytes > before else { return nil }
        paths[index].nextTransaction += 1
        return Bundle(transaction: paths[index].nextTransaction - 1, body: body)
    }

    /// The response of a request came, whole; its frames were received.
    package mutating func requestAnswered(_ transaction: UInt64, on path: UInt64, now: NIODeadline) {
        guard ending == nil, let index = index(of: path) else { return }
        // Answers to uplinks say nothing of the GET's life.
        if paths[index].transport == .poll { paths[index].heard(now) }
        paths[index].finite?.flights.answered(transaction, covered: outbox.covered)
        reviewGap(at: index, now: now)
    }

    /// A request failed: its frames go again; after enough failures in a row the path is given up (rule 13).
    package mutating func requestFailed(_ transaction: UInt64, on path: UInt64, now: NIODeadline) {
        guard ending == nil, let index = index(of: path) else { return }
        if let range = paths[index].finite?.flights.failed(transaction, now: now) { goesAgain(range) }
        acks.soon(now)
        guard paths[index].flights.failures < configuration.unansweredLimit else {
            return closePath(at: index, .cut, now: now)
        }
        reviewGap(at: index, now: now)
    }

    /// The next request of this path that took too long: its frames go again in others, and it may be cancelled.
    package mutating func nextDeadRequest(on path: UInt64) -> UInt64? {
        guard let index = index(of: path) else { return nil }
        return paths[index].finite?.flights.takeDead()
    }

    // MARK: Server

    /// A request of a `poll` path arrived whole, and was attached: it is held until an answer is due.
    package mutating func requestHeld(_ transaction: UInt64, on path: UInt64, now: NIODeadline) {
        guard let index = index(of: path) else { return }
        paths[index].finite?.held.append((transaction, now))
    }

    /// A held request is gone without an answer.
    package mutating func requestLost(_ transaction: UInt64, on path: UInt64, now: NIODeadline) {
        guard ending == nil, let index = index(of: path) else { return }
        paths[index].finite?.held.removeAll { $0.transaction == transaction }
        if let range = paths[index].finite?.flights.failed(transaction, now: now) { goesAgain(range) }
        acks.soon(now)
    }

    /// The next answer to a held request, oldest first, if one is due (row B3).
    package mutating func nextAnswer(on path: UInt64, now: NIODeadline) -> Bundle? {
        guard let index = index(of: path), let finite = paths[index].finite, let oldest = finite.held.first else {
            return nil
        }
        let isUsed = paths[index].phase == .used
        let waits = isUsed && outbox.hasSendable && isGathered(now)
        guard
            ending != nil || paths[index].owesOpening
                || finite.held.count >= max(configuration.pollRequests, 2) || waits
                || (isUsed && (acks.isDue(now) || owedGoing != nil)) || paths[index].owesAck
                || oldest.since + hold(ofPathAt: index) <= now
        else { return nil }
        finite.held.removeFirst()
        // The path lives on for a while after each answer (rule 10).
        paths[index].heardAt = now
        var body = ByteBuffer()
        if paths[index].owesOpening {
            paths[index].owesOpening = false
            FrameEncoder.write(.opened(openedFrame), to: &body)
        }
        if ending != nil {
            writeLastWords(on: index, to: &body, now: now)
            return Bundle(transaction: oldest.transaction, body: body)
        }
        // An ACK on a path says that the server knows it is used.
        if isUsed {
            paths[index].owesAck = false
            // Clients that have asked as often as they may wait for an answer.
            writeAck(on: index, alone: false, to: &body, now: now)
        }
        let range = isUsed ? appendBundle(on: index, to: &body, now: now) : nil
        if let range { finite.flights.sent(oldest.transaction, range: range, now: now) }
        wrote(body.readableBytes, on: index, now: now)
        return Bundle(transaction: oldest.transaction, body: body)
    }

    /// Whether the next answer to an uplink of this path takes data along, which then need not go on the GET.
    ///
    /// So it is with a little while nothing else is on its way down: it overtakes nothing. What follows on the GET may
    /// overtake it, for which clients are prepared (rule 3).
    package mutating func uplinkAnswerTakesData(on path: UInt64) -> Bool {
        guard ending == nil, outbox.highestSent == outbox.covered, outbox.hasSendable else { return false }
        guard outbox.unsentBytes <= Self.uplinkAnswerBytes, let index = index(of: path) else { return false }
        return paths[index].phase == .used
    }

    /// The most that an answer to an uplink takes along, in bytes of credit.
    private static let uplinkAnswerBytes = UInt64(FrameLimits.payload) + FrameLimits.overhead

    /// The answer to an uplink whose whole body was read: an ACK, and what ``uplinkAnswerTakesData(on:)`` says.
    package mutating func uplinkAnswer(on path: UInt64, now: NIODeadline) -> ByteBuffer {
        var body = ByteBuffer()
        guard let index = index(of: path) else {
            let ack = AckFrame(received: inbox.received, limit: inbox.limit, extra: 0)
            FrameEncoder.writeAck(ack, checksum: checksum, to: &body)
            return body
        }
        let takesData = uplinkAnswerTakesData(on: path)
        // It goes on another connection: the GET still has its heartbeat.
        let acknowledgedAt = paths[index].acknowledgedAt
        // Whether it is asked for or not, an uplink has an answer: that it brings an ACK costs nothing.
        writeAck(on: index, alone: false, to: &body, now: now)
        paths[index].acknowledgedAt = acknowledgedAt
        guard takesData, let range = appendNumbered(to: &body, now: now) else { return body }
        paths[index].finite?.flights.sent(paths[index].nextTransaction, range: range, now: now)
        paths[index].nextTransaction += 1
        return body
    }

    /// How long the oldest request of this path is held.
    mutating func holdDeadline(ofPathAt index: Int) -> NIODeadline? {
        guard let oldest = paths[index].finite?.held.first else { return nil }
        return oldest.since + hold(ofPathAt: index)
    }

    private mutating func hold(ofPathAt index: Int) -> TimeAmount {
        min(configuration.pollHold, paths[index].holdLimit)
    }

    // MARK: Both

    /// Adds control frames and up to a bundle of numbered frames.
    private mutating func appendBundle(
        on index: Int, to body: inout ByteBuffer, now: NIODeadline
    ) -> ClosedRange<UInt64>? {
        if paths[index].owesPong, let pong = paths[index].owedPong {
            paths[index].owedPong = nil
            FrameEncoder.write(.pong(pong), checksum: checksum, to: &body)
        }
        // In every answer until the end: any of them may be lost, and nothing acknowledges it.
        if role == .server, let code = goingCode {
            owedGoing = nil
            FrameEncoder.write(.going(code), checksum: checksum, to: &body)
        }
        if owesPing, paths[index].phase == .used { writePing(on: index, to: &body, now: now) }
        gatheringSince = nil
        guard paths[index].phase == .used, outbox.hasUnsent else { return nil }
        return appendNumbered(to: &body, now: now)
    }

    private mutating func appendNumbered(to body: inout ByteBuffer, now: NIODeadline) -> ClosedRange<UInt64>? {
        var range: ClosedRange<UInt64>?
        while body.readableBytes < configuration.bundleBytes {
            // A bundle holds one frame at least.
            let room = configuration.bundleBytes - body.readableBytes
            guard let run = outbox.next(maxBytes: range == nil ? max(room, FrameLimits.value + 16) : room) else {
                break
            }
            // Runs of one bundle are one range: a gap between them arrived already, or goes again for nothing.
            range = (range?.lowerBound ?? run.first)...run.last
            roundTrip.sent(run.last, costCovered: outbox.costCovered, now: now)
            body.writeImmutableBuffer(run.bytes)
        }
        return range
    }
}
