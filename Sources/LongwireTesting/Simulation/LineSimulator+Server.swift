internal import LongwireProtocol
internal import NIOCore

extension LineSimulator {
    private enum Opening {
        case attached(SimulatedSession)
        case closeAtOnce
        case refused(AbortFrame)
    }

    /// Finds or makes the session that an OPEN is for.
    private func open(_ open: OpenFrame, process: Int) -> Opening {
        let server = servers[process]
        let decision = server.directory.decide(open, servlet: "/longwire/echo", principal: nil, now: now)
        let session: SimulatedSession
        switch decision {
        case .refuse(let code, let received, let reason):
            return .refused(AbortFrame(received: received, code: code, reason: reason))
        case .existing(let known): session = sessions[known.index]
        case .create:
            guard let identifier = open.identifier, let token = open.token else { return .closeAtOnce }
            let instance = SessionInstance.random(using: &random)
            let machine = SessionMachine(
                role: .server, configuration: scenario.serverConfiguration, identifier: identifier, token: token,
                instance: instance, checksum: scenario.checksum, now: now)
            let end = SimulatedEnd(
                machine, name: "server session \(sessions.count)", script: scenario.server,
                expected: scenario.client, now: now)
            session = SimulatedSession(end: end, process: process)
            server.directory.insert(
                SimulatedServer.Entry(
                    identifier: identifier, token: token, instance: instance, index: sessions.count))
            sessions.append(session)
        }
        switch session.end.machine.attach(open, now: now) {
        case .attached: return .attached(session)
        case .closeAtOnce: return .closeAtOnce
        case .refused(let code, let reason):
            return .refused(AbortFrame(received: session.end.machine.inbox.received, code: code, reason: reason))
        }
    }

    func serverReceived(_ line: SimulatedLine, _ bytes: ByteBuffer) {
        line.serverDecoder.append(bytes)
        if let session = line.session { countBytes(bytes.readableBytes, line, session) }
        do {
            while let frame = try line.serverDecoder.next() {
                trace("server \(line.process) < \(line.path) \(brief(frame))")
                if let session = line.session {
                    session.end.machine.frameReceived(frame, on: line.path, now: now)
                } else if !line.hasOpen, case .open(let frame) = frame {
                    line.hasOpen = true
                    opened(line, frame, bytes: bytes.readableBytes)
                }
            }
            line.serverDecoder.readCompleted()
        } catch {
            line.isCut = true
            if let session = line.session {
                session.end.machine.inputUnreadable(on: line.path, reason: "\(error)", now: now)
            }
            queue.add(.endedDown(line, isClean: false), at: now + line.latency)
        }
        if let session = line.session { settle(session) }
    }

    private func countBytes(_ count: Int, _ line: SimulatedLine, _ session: SimulatedSession) {
        session.end.machine.bytesReceived(count, on: line.path, now: now)
    }

    private func opened(_ line: SimulatedLine, _ frame: OpenFrame, bytes: Int) {
        switch open(frame, process: line.process) {
        case .attached(let session):
            line.session = session
            session.lines.append(line)
            countBytes(Int(line.read), line, session)
        case .closeAtOnce: closeFromServer(line)
        case .refused(let abort):
            trace("refused \(abort)")
            var body = ByteBuffer()
            FrameEncoder.write(.abort(abort), to: &body)
            writeDown(line, body)
            closeFromServer(line)
        }
    }

    func serverLineEnded(_ line: SimulatedLine) {
        guard let session = line.session, session.lines.contains(where: { $0 === line }) else { return }
        session.lines.removeAll { $0 === line }
        session.end.machine.pathLost(line.path, now: now)
        closeFromServer(line)
        settle(session)
    }

    func requestArrived(_ request: SimulatedRequest) {
        var decoder = FrameDecoder(checksum: scenario.checksum)
        decoder.append(request.body)
        guard case .open(let frame) = (try? decoder.next()) ?? nil else { return }
        trace("server \(request.process) < \(request.path) #\(request.transaction) \(brief(.open(frame)))")
        switch open(frame, process: request.process) {
        case .closeAtOnce: respond(request, ByteBuffer())
        case .refused(let abort):
            trace("refused \(abort)")
            var body = ByteBuffer()
            FrameEncoder.write(.abort(abort), to: &body)
            respond(request, body)
        case .attached(let session): bodyArrived(request, frame, &decoder, session)
        }
    }

    private func bodyArrived(
        _ request: SimulatedRequest, _ open: OpenFrame, _ decoder: inout FrameDecoder, _ session: SimulatedSession
    ) {
        session.end.machine.bytesReceived(request.body.readableBytes, on: open.path, now: now)
        do {
            while let frame = try decoder.next() {
                trace("server \(request.process) < \(request.path) #\(request.transaction) \(brief(frame))")
                session.end.machine.frameReceived(frame, on: open.path, now: now)
            }
        } catch {
            session.end.machine.inputUnreadable(on: open.path, reason: "\(error)", now: now)
            queue.add(.requestFails(request), at: now + request.latency)
            return settle(session)
        }
        if open.transport == .uplink {
            session.uplinks.append(request)
        } else {
            let transaction = session.nextTransaction
            session.nextTransaction += 1
            session.requests[transaction] = request
            session.end.machine.requestHeld(transaction, on: open.path, now: now)
        }
        settle(session)
    }

    /// Does what is to be done for a session at the server now, then arms its timer.
    func settle(_ session: SimulatedSession) {
        guard !session.isWiped else { return }
        let end = session.end
        var isOver = false
        repeat {
            serverEvents(session, &isOver)
            if end.machine.using > 0 { end.applicationTurn(now: now) }
            end.machine.readCompleted()
            pump(session)
        } while serverEvents(session, &isOver)
        if isOver { close(session) }
        guard let index = sessions.firstIndex(where: { $0 === session }) else { return }
        arm(end) { .serverTimer(session: index, generation: $0) }
        failure = failure ?? end.failure
    }

    @discardableResult
    private func serverEvents(_ session: SimulatedSession, _ isOver: inout Bool) -> Bool {
        var isAny = false
        while let event = session.end.machine.nextEvent() {
            isAny = true
            trace("server \(event)")
            switch event {
            case .pathClosed(let path, _):
                answerUplinks(session, of: path)
                for line in session.lines where line.path == path { closeFromServer(line) }
                session.lines.removeAll { $0.path == path }
                session.requests = session.requests.filter { _, request in
                    guard request.path == path else { return true }
                    respond(request, ByteBuffer())
                    return false
                }
            case .peerClosed: session.end.hasPeerClosed = true
            case .ended: isOver = true
            default: break
            }
        }
        return isAny
    }

    private func pump(_ session: SimulatedSession) {
        // One takes data along where that may go so; the others follow what streams.
        if let first = session.uplinks.first, session.end.machine.uplinkAnswerTakesData(on: first.path) {
            session.uplinks.removeFirst()
            respond(first, session.end.machine.uplinkAnswer(on: first.path, now: now))
        }
        for line in session.lines {
            let isWritable = isWritable(&line.down)
            while true {
                var bytes = ByteBuffer()
                let data = session.end.machine.transmit(
                    on: line.path, control: &bytes, maxBytes: isWritable ? Self.highWater : 0, now: now)
                if let data { bytes.writeImmutableBuffer(damaged(data)) }
                guard bytes.readableBytes > 0 else { break }
                writeDown(line, bytes)
            }
        }
        for path in Set(session.requests.values.map(\.path)).sorted() {
            while let answer = session.end.machine.nextAnswer(on: path, now: now) {
                if let request = session.requests.removeValue(forKey: answer.transaction) {
                    respond(request, answer.body)
                }
            }
        }
        answerUplinks(session)
    }

    /// Answers the uplinks that were read, of one path or of all.
    private func answerUplinks(_ session: SimulatedSession, of path: UInt64? = nil) {
        let answered = session.uplinks.filter { path == nil || $0.path == path }
        session.uplinks.removeAll { path == nil || $0.path == path }
        for request in answered {
            respond(request, session.end.machine.uplinkAnswer(on: request.path, now: now))
        }
    }

    private func close(_ session: SimulatedSession) {
        session.isOver = true
        answerUplinks(session)
        for line in session.lines { closeFromServer(line) }
        session.lines = []
        for key in session.requests.keys.sorted() {
            if let request = session.requests[key] { respond(request, ByteBuffer()) }
        }
        session.requests = [:]
        let machine = session.end.machine.ending
        guard let ending = machine else { return }
        let directory = servers[session.process]
        if session.end.machine.using == 0 {
            directory.directory.forget(identifier: session.end.machine.identifier)
        } else {
            directory.directory.remove(
                identifier: session.end.machine.identifier, finalReceived: session.end.machine.inbox.received,
                code: ending.code, reason: ending.reason, resumeTime: session.end.machine.resumeTime, now: now)
        }
    }

    /// Every server process dies and another takes its place, which knows nothing.
    func restart() {
        trace("restart")
        servers = servers.map { SimulatedServer(number: $0.number) }
        for session in sessions where !session.isOver {
            session.isWiped = true
            for line in session.lines {
                line.isCut = true
                queue.add(.endedDown(line, isClean: false), at: now + line.latency)
            }
            session.lines = []
            for key in session.requests.keys.sorted() {
                if let request = session.requests[key] { queue.add(.requestFails(request), at: now + request.latency) }
            }
            session.requests = [:]
            for request in session.uplinks { queue.add(.requestFails(request), at: now + request.latency) }
            session.uplinks = []
        }
    }
}
