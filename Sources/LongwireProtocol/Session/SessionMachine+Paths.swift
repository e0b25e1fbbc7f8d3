package import NIOCore

extension SessionMachine {
    /// The greatest number of transactions of one session at a time (rule 15).
    package static let transactionLimit = 8

    // MARK: Client

    /// Opens the next path; its OPEN comes from ``transmit(on:control:maxBytes:now:)``.
    ///
    /// - Returns: its number, or nil when the session has ended.
    package mutating func openPath(_ transport: TransportKind, now: NIODeadline) -> UInt64? {
        guard role == .client, ending == nil else { return nil }
        highestPath += 1
        var path = Path(number: highestPath, transport: transport, phase: .dialing, now: now)
        path.isRival = usedIndex == nil
        if transport == .duplex {
            // Until OPENED says more, only OPEN is on its way.
            path.allowance = Allowance(allowanceLimit, isIgnored: configuration.ignoresAllowance)
        }
        paths.append(path)
        return highestPath
    }

    /// Client: the length of this path's body was declared: no more is written, and it is rotated in time.
    package mutating func declareLength(_ length: Int, of path: UInt64) {
        guard let index = index(of: path) else { return }
        paths[index].bodyLimit = UInt64(max(length, 0))
    }

    /// Client: the path's OPEN asks for so many bytes behind OPENED, which push it through to here.
    package mutating func askPrelude(_ bytes: Int, of path: UInt64) {
        guard let index = index(of: path) else { return }
        paths[index].prelude = bytes
    }

    /// The OPEN of a path or of one of its uplinks.
    func openFrame(path: borrowing Path, transport: TransportKind) -> OpenFrame {
        // The sole attempt is used as soon as it opens, and says so at once.
        let isSole = usedIndex == nil && paths.count == 1
        var parameters: [Parameter] = []
        if path.prelude > 0, transport != .uplink { parameters.append(Parameter("prelude", "\(path.prelude)")) }
        if wantsChecksum { parameters.append(Parameter(Parameter.checksum, Parameter.crc32c)) }
        if transport == .poll, configuration.pollHold < SessionConfiguration.standardHold {
            parameters.append(Parameter("hold", "\(configuration.pollHold.nanoseconds / 1_000_000)"))
        }
        if transport == .tcp, let target {
            parameters.append(Parameter(Parameter.target, target))
            if let authorization, authorization.utf8.count + target.utf8.count <= Parameter.credentialsLimit {
                parameters.append(Parameter(Parameter.authorization, authorization))
            }
        }
        return OpenFrame(
            transport: transport, path: path.number, identifier: identifier, token: token,
            instance: hasHistory || transport == .uplink || path.flightsBegan ? instance : nil,
            using: isSole ? path.number : using, received: inbox.received, limit: inbox.limit,
            parameters: parameters)
    }

    mutating func openedReceived(_ opened: OpenedFrame, on index: Int, now: NIODeadline) {
        let number = paths[index].number
        guard paths[index].phase == .dialing else {
            // Each poll's answer begins with OPENED again; it says nothing new but what an ACK says.
            if paths[index].transport.isFiniteDown {
                _ = acknowledged(received: opened.received, limit: opened.limit, now: now)
                return
            }
            return abort(code: .protocolError, reason: "a second OPENED in one transaction", now: now)
        }
        guard opened.version == 1 else {
            return end(
                .aborted, code: .version, reason: "the server speaks version \(opened.version), this client 1",
                isRemote: false)
        }
        let isSame = opened.identifier == identifier && (instance == nil || instance == opened.instance)
        guard isSame || (opened.identifier == identifier && !hasHistory && usedIndex == nil) else {
            // Asked for just this session, the server has another: ours is gone. Not asked, it made one of its own.
            guard paths[index].hasNamedInstance else { return closePath(at: index, .refused, now: now) }
            return end(
                .lost, code: .noSuchSession, reason: "the server no longer has this session", isRemote: false)
        }
        if paths[index].client?.allowance != nil, !Allowance.holdsOneFrame(opened.allowance) {
            return closePath(at: index, .refused, now: now)
        }
        if instance != opened.instance {
            outbox.forgetLimit()
            let isAgreed = opened.parameters.contains(Parameter(Parameter.checksum, Parameter.crc32c))
            guard agree(checksum: wantsChecksum && isAgreed) else {
                return end(
                    .aborted, code: .protocolError, reason: "the server changed its mind about checksums",
                    isRemote: false)
            }
        }
        offers = opened.parameters
        instance = opened.instance
        // A server may not make its clients spin.
        client?.heartbeat = .milliseconds(Int64(clamping: min(max(opened.heartbeat, 10), 86_400_000)))
        client?.resumeTime = .milliseconds(Int64(clamping: min(opened.resumeTime, 30 * 86_400_000)))
        acks.keepDistance(within: heartbeat)
        var allowanceLimit = opened.allowance
        allowanceLimit.pieceWorth =
            opened.parameters.first { $0.key == Parameter.piece }.flatMap { UInt64($0.value) } ?? 0
        client?.allowanceLimit = allowanceLimit
        paths[index].phase = .candidate
        paths[index].progressAt = now
        paths[index].greatestAge = smaller(configuration.greatestAge, opened.greatestAge)
        let ownSize = UInt64(max(configuration.greatestSize, 0))
        let theirSize = opened.greatestSize > 0 ? max(opened.greatestSize, UInt64(FrameLimits.leastSize)) : 0
        paths[index].greatestSize = [ownSize, theirSize].filter { $0 > 0 }.min() ?? 0
        if let written = paths[index].allowance?.written {
            let allowance = Allowance(allowanceLimit, isIgnored: configuration.ignoresAllowance)
            allowance.wrote(Int(clamping: written))
            paths[index].allowance = allowance
        }
        events.append(.pathOpened(number))
        guard acknowledged(received: opened.received, limit: opened.limit, now: now) else { return }
        guard number > using else { return }
        // The first of several rivals is used; another waits until the server's ACK came on that.
        if usedIndex == nil || !paths[index].isRival { use(path: number, now: now) }
    }

    private func smaller(_ own: TimeAmount, _ theirs: UInt64) -> TimeAmount {
        let theirs: TimeAmount =
            theirs == 0 ? .zero : .milliseconds(Int64(clamping: min(max(theirs, 1000), 86_400_000)))
        if own <= .zero { return theirs }
        return theirs <= .zero ? own : min(own, theirs)
    }

    /// Closes every other path: the server's ACK came on the one that is used (Docs/protocol.md, "Choosing").
    mutating func closeOthers() {
        while let index = paths.firstIndex(where: { $0.number < using || ($0.isRival && $0.number > using) }) {
            drop(at: index, .replaced)
        }
    }

    /// Client: the response of this path came to its end as HTTP tells it.
    package mutating func responseEnded(on path: UInt64, now: NIODeadline) {
        guard ending == nil, let index = index(of: path) else { return }
        if paths[index].phase == .used, outbox.isCloseCovered, let close = inbox.close {
            endClosed(close)
        } else {
            closePath(at: index, .cut, now: now)
        }
    }

    // MARK: Server

    /// What the server does with a transaction that brings an OPEN for this session.
    package enum AttachResult: Equatable, Sendable {
        /// OPENED and what follows come from ``SessionMachine/transmit(on:control:maxBytes:now:)``.
        case attached
        /// A repeated request, or one for a path that is dead: the response ends at once, with no frame.
        case closeAtOnce
        /// ABORT alone.
        case refused(CloseCode, String)
    }

    /// A transaction opens a path, or belongs to one (rules 5 and 7); identifier, token and principal were checked.
    package mutating func attach(_ open: OpenFrame, now: NIODeadline) -> AttachResult {
        if let ending { return .refused(ending.code, ending.reason) }
        guard open.instance == nil || open.instance == instance else { return .refused(.noSuchSession, "") }
        guard open.received <= outbox.highestSent else {
            abort(code: .protocolError, reason: "frame \(open.received) is acknowledged and was never sent", now: now)
            return .refused(.protocolError, "frame \(open.received) is acknowledged and was never sent")
        }
        if open.transport == .uplink || (open.transport == .poll && index(of: open.path) != nil) {
            guard open.instance != nil || open.transport == .poll else { return .refused(.noSuchSession, "") }
            guard let index = index(of: open.path) else { return .closeAtOnce }
            guard paths[index].transport == (open.transport == .poll ? .poll : .stream) else { return .closeAtOnce }
            // A client that does not name the instance has not seen OPENED: its first request was lost, or repeated.
            if open.instance == nil { paths[index].owesOpening = true }
            paths[index].heard(now)
            paths[index].holdLimit = open.holdLimit
            guard acknowledged(received: open.received, limit: open.limit, now: now) else { return .closeAtOnce }
            use(path: open.using, now: now)
            return self.index(of: open.path) == nil ? .closeAtOnce : .attached
        }
        guard open.path >= max(using, 1), index(of: open.path) == nil, open.path > highestPath || open.path > using
        else { return .closeAtOnce }
        guard paths.count < Self.transactionLimit else {
            return .refused(.overloaded, "more than \(Self.transactionLimit) transactions of one session")
        }
        highestPath = max(highestPath, open.path)
        var path = Path(number: open.path, transport: open.transport, phase: .candidate, now: now)
        path.holdLimit = open.holdLimit
        path.prelude = open.prelude
        paths.append(path)
        guard acknowledged(received: open.received, limit: open.limit, now: now) else { return .closeAtOnce }
        use(path: open.using, now: now)
        return .attached
    }

    // MARK: Both

    /// The client uses `path`: it carries the session, and lower ones are dead (rules 4a and 5).
    mutating func use(path: UInt64, now: NIODeadline) {
        guard path > using, ending == nil else { return }
        if role == .server, path > highestPath {
            return abort(code: .protocolError, reason: "path \(path) is used and was never opened", now: now)
        }
        using = path
        if let old = usedIndex { paths[old].phase = .retired }
        outbox.rewind()
        roundTrip.pathChanged()
        if role == .server {
            while let index = paths.firstIndex(where: { $0.number < path }) { drop(at: index, .replaced) }
        }
        guard let index = index(of: path) else {
            // It opened and died before its use was told.
            if suspendedAt == nil { suspend(now: now) }
            return
        }
        paths[index].phase = .used
        paths[index].owesAck = true
        paths[index].progressAt = now
        paths[index].coveredAtUse = outbox.covered
        uncoveredSince = nil
        suspendedAt = nil
        movedAt = now
        attachedAt = now
        if role == .server, let code = goingCode { owedGoing = code }
        events.append(.pathUsed(path))
    }

    /// A transaction that was a path's only one came to its end without the session's.
    package mutating func pathLost(_ path: UInt64, end: PathEnd = .cut, now: NIODeadline) {
        guard ending == nil, let index = index(of: path) else { return }
        closePath(at: index, end, now: now)
    }

    mutating func closePath(at index: Int, _ end: PathEnd, now: NIODeadline) {
        let wasUsed = paths[index].phase == .used
        if wasUsed { lastIdle = paths[index].silences(now) }
        for flight in paths[index].flights.flights {
            if let range = flight.range { goesAgain(range) }
        }
        drop(at: index, end)
        if let used = usedIndex, role == .client, paths[used].isRotationSaid {
            paths[used].isRotationSaid = false
            paths[used].rotationRetryAt = now + configuration.timeToOpen
        }
        guard wasUsed else { return }
        suspend(now: now)
        // A rival that opened and waited takes over.
        if role == .client, let next = paths.all.first(where: { $0.phase == .candidate && $0.number > using }) {
            use(path: next.number, now: now)
        }
    }

    /// What is not covered of a range goes again (rule 4b).
    mutating func goesAgain(_ range: ClosedRange<UInt64>) {
        outbox.repeatRange(range)
        roundTrip.repeated()
    }

    private mutating func drop(at index: Int, _ end: PathEnd) {
        let path = paths.remove(at: index)
        if pingSentAt?.path == path.number { pingSentAt = nil }
        events.append(.pathClosed(path.number, end))
    }

    private mutating func suspend(now: NIODeadline) {
        roundTrip.repeated()
        suspendedAt = now
        guard resumeTime > .zero else { return giveUp(now: now) }
        events.append(.suspended)
    }

    /// The resume time is over (rule 11 of D; rule 12).
    mutating func giveUp(now: NIODeadline) {
        giveUp(reason: "no line for \(resumeTime.nanoseconds / 1_000_000) ms")
    }

    /// No other line is sought: the session is lost, unless both sides had closed.
    package mutating func giveUp(reason: String) {
        if outbox.isCloseSent, let close = inbox.close { return endClosed(close) }
        end(.lost, code: .expired, reason: reason, isRemote: false)
    }
}

extension Path {
    /// Whether the path has had finite transactions: later ones must find the same session.
    var flightsBegan: Bool { transport.isFiniteUp && !owesOpening }
}
