package import NIOCore

extension SessionMachine {
    /// When ``deadlineReached(now:)`` is to be called next; nil while nothing waits for time.
    package mutating func nextDeadline(now: NIODeadline) -> NIODeadline? {
        guard ending == nil else { return nil }
        var next = NIODeadline.distantFuture
        // An ACK that is due already waits for its path, not for time.
        if let due = acks.dueAt, due > now { next = due }
        for index in paths.indices { next = min(next, deadline(ofPathAt: index, now: now)) }
        if let gathers = gatheringSince, gathers + configuration.bundleDelay > now {
            next = min(next, gathers + configuration.bundleDelay)
        }
        if let deadline = resumeDeadline { next = min(next, deadline) }
        if let deadline = endingDeadline { next = min(next, deadline) }
        return next == .distantFuture ? nil : next
    }

    /// The time given by ``nextDeadline(now:)`` has come, or any other: what is due happens.
    package mutating func deadlineReached(now: NIODeadline) {
        guard ending == nil else { return }
        for number in paths.all.map(\.number) {
            guard ending == nil, let index = index(of: number) else { continue }
            pathDeadlineReached(at: index, now: now)
        }
        guard ending == nil else { return }
        if let deadline = resumeDeadline, deadline <= now { return giveUp(now: now) }
        if let deadline = endingDeadline, deadline <= now {
            if outbox.isCloseSent, let close = inbox.close { return endClosed(close) }
            abort(code: closeCode == .done ? .expired : closeCode, reason: "CLOSE was not answered in time", now: now)
        }
    }

    // MARK: The session

    private var resumeDeadline: NIODeadline? {
        mutating get {
            if let suspendedAt { return suspendedAt + resumeTime }
            // Server: a session that never had a used path is only an entry (rule 5).
            return role == .server && using == 0 ? startedAt + configuration.timeToOpen : nil
        }
    }

    /// Rule 12: how long a CLOSE, or the answer to it, is waited for.
    private var endingDeadline: NIODeadline? {
        mutating get {
            guard let closeAskedAt, suspendedAt == nil else { return nil }
            let patience = max(configuration.linger, resumeTime)
            if !outbox.isCloseSent { return closeAskedAt + max(configuration.closeWait, patience) }
            if !outbox.isCloseCovered { return movedAt + patience }
            // The answer is waited for however much else comes: who never closes is not listened to for ever.
            guard isApplicationDone, inbox.close == nil else { return nil }
            return max(closeCoveredAt ?? movedAt, attachedAt) + patience
        }
    }

    // MARK: Paths

    private var silence: TimeAmount { .nanoseconds(heartbeat.nanoseconds / 2 * 5) }

    private mutating func deadline(ofPathAt index: Int, now: NIODeadline) -> NIODeadline {
        if paths[index].phase == .retired { return paths[index].heardAt + silence }
        guard paths[index].phase == .used else {
            let next = paths[index].startedAt + configuration.timeToOpen
            guard role == .client, let retryAt = retryTime(ofPathAt: index), retryAt > now else { return next }
            return min(next, retryAt)
        }
        var next = NIODeadline.distantFuture
        if let silence = silenceDeadline(ofPathAt: index) { next = silence }
        if sendsHeartbeats(ofPathAt: index) {
            next = min(next, heartbeatDeadline(ofPathAt: index))
        }
        if let keepAlive = keepAliveDeadline(ofPathAt: index) { next = min(next, keepAlive) }
        if let watchdog = watchdogDeadline(ofPathAt: index) { next = min(next, watchdog) }
        if let swallowed = swallowedDeadline { next = min(next, swallowed) }
        if let rotation = rotationDeadline(ofPathAt: index) { next = min(next, rotation) }
        if role == .client, let retryAt = retryTime(ofPathAt: index), retryAt > now { next = min(next, retryAt) }
        // An answer that is due already waits for being pulled, not for time.
        if let hold = holdDeadline(ofPathAt: index), hold > now { next = min(next, hold) }
        if let finite = paths[index].finite, !finite.flights.isEmpty,
            let overdue = finite.flights.nextRepeat(
                smoothed: roundTrip.smoothed, hold: holdAllowed(ofPathAt: index), least: configuration.repeatTime)
        {
            next = min(next, overdue)
        }
        return next
    }

    /// When the next transaction of this path may begin.
    private mutating func retryTime(ofPathAt index: Int) -> NIODeadline? { paths[index].finite?.flights.retryAt }

    private mutating func pathDeadlineReached(at index: Int, now: NIODeadline) {
        if paths[index].phase == .retired {
            if paths[index].heardAt + silence <= now { closePath(at: index, .silent, now: now) }
            return
        }
        guard paths[index].phase == .used else {
            if paths[index].startedAt + configuration.timeToOpen <= now { closePath(at: index, .notOpened, now: now) }
            return
        }
        if let silence = silenceDeadline(ofPathAt: index), silence <= now {
            return closePath(at: index, .silent, now: now)
        }
        if let watchdog = watchdogDeadline(ofPathAt: index), watchdog <= now {
            if paths[index].hasNudged {
                watchdogFired += 1
                return closePath(at: index, .stalled, now: now)
            }
            paths[index].hasNudged = true
            owesPing = true
        }
        if let swallowed = swallowedDeadline, swallowed <= now {
            uncoveredFired += 1
            return closePath(at: index, .stalled, now: now)
        }
        // A heartbeat that is due now does not put it off.
        let isKeepAliveDue = keepAliveDeadline(ofPathAt: index).map { $0 <= now } ?? false
        if sendsHeartbeats(ofPathAt: index), heartbeatDeadline(ofPathAt: index) <= now {
            paths[index].owesAck = true
            paths[index].sent(now)
            paths[index].acknowledgedAt = now
        }
        if isKeepAliveDue {
            keptAliveAt = now
            owesPing = true
        }
        if let rotation = rotationDeadline(ofPathAt: index), rotation <= now {
            paths[index].isRotationSaid = true
            events.append(.rotationDue(paths[index].number))
        }
        flightsOverdue(at: index, now: now)
    }

    /// What finite transactions carried that took too long goes again; after enough of these the path is given up.
    private mutating func flightsOverdue(at index: Int, now: NIODeadline) {
        guard let finite = paths[index].finite else { return }
        let overdue = finite.flights.takeOverdue(
            smoothed: roundTrip.smoothed, hold: holdAllowed(ofPathAt: index), least: configuration.repeatTime, now: now)
        guard overdue.isAny else { return }
        for range in overdue.ranges { goesAgain(range) }
        acks.soon(now)
        if role == .client, finite.flights.attempts >= configuration.unansweredLimit {
            return closePath(at: index, .cut, now: now)
        }
        reviewGap(at: index, now: now)
    }

    /// How long a request without frames may wait for its answer: a poll is held.
    private mutating func holdAllowed(ofPathAt index: Int) -> TimeAmount {
        // The request that says that the path is used is answered at once.
        paths[index].transport == .poll && (role == .server || paths[index].isConfirmed) ? heartbeat : .zero
    }

    /// Rule 10.
    private mutating func silenceDeadline(ofPathAt index: Int) -> NIODeadline? {
        guard paths[index].hasUplinkHeartbeat else { return nil }
        if paths[index].transport == .stream, role == .server { return paths[index].heardAt + silence * 4 }
        if paths[index].transport == .poll, role == .server, paths[index].finite?.held.isEmpty == false { return nil }
        return paths[index].heardAt + silence
    }

    private mutating func heartbeatDeadline(ofPathAt index: Int) -> NIODeadline {
        let last = configuration.heartbeatMode == .silence ? paths[index].sentAt : paths[index].acknowledgedAt
        // On `stream` the uplink's heartbeat is four times as long: it is a request of its own.
        return last + (paths[index].transport == .stream && role == .client ? heartbeat * 4 : heartbeat)
    }

    /// What cuts idle lines may look at either direction: one that is silent is enough.
    private mutating func keepAliveDeadline(ofPathAt index: Int) -> NIODeadline? {
        guard role == .client, let keepAlive else { return nil }
        return max(min(paths[index].sentAt, paths[index].heardAt), keptAliveAt) + keepAlive
    }

    private mutating func sendsHeartbeats(ofPathAt index: Int) -> Bool {
        paths[index].transport != .poll
    }

    /// Rule 8: half of the time to a nudge, the whole to giving up.
    private mutating func watchdogDeadline(ofPathAt index: Int) -> NIODeadline? {
        guard let allowance = paths[index].client?.allowance, allowance.unread > 0 else { return nil }
        let base = max(configuration.watchdog, (roundTrip.smoothed ?? .zero) * 8)
        let patience = base * (1 << min(watchdogFired, 8))
        return paths[index].progressAt + (paths[index].hasNudged ? patience : .nanoseconds(patience.nanoseconds / 2))
    }

    /// Rule 13: changed bytes may make of a frame the start of a longer one, which a live stream never ends; and somebody
    /// on the way may hold back one direction while the other lives.
    private var swallowedDeadline: NIODeadline? {
        mutating get {
            guard let uncoveredSince else { return nil }
            return uncoveredSince + max(silence, (roundTrip.smoothed ?? .zero) * 8) * (1 << min(uncoveredFired, 6))
        }
    }

    private mutating func rotationDeadline(ofPathAt index: Int) -> NIODeadline? {
        guard role == .client else { return nil }
        let path = paths[index]
        guard !path.isRotationSaid, path.transport != .poll else { return nil }
        // A path that brought nothing forward is not left: rotating faster than the line is would bring nothing ever.
        guard path.isConfirmed, outbox.retained == 0 || outbox.covered > path.coveredAtUse else { return nil }
        if let retryAt = path.rotationRetryAt { return retryAt }
        if path.greatestSize > 0, max(path.bytesWritten, path.bytesRead) >= path.greatestSize { return path.startedAt }
        if path.bodyLimit > 0, path.bytesWritten >= path.bodyLimit / 8 * 7 { return path.startedAt }
        guard path.greatestAge > .zero else { return nil }
        // ± 10 %, from the identifier: many clients of one server do not rotate together.
        let spread = Int64(identifier.low % 201) + 900
        return path.startedAt + .nanoseconds(path.greatestAge.nanoseconds / 1000 * spread)
    }
}
