internal import LongwireProtocol
internal import NIOCore

extension LineSimulator {
    /// What is wrong with how the run ended, or nil.
    func verdict() -> String? {
        guard let ending = client.end.machine.ending else { return "the client came to no end: \(state(client.end))" }
        for session in sessions where !session.isWiped && session.end.machine.ending == nil {
            return "\(session.end.name) came to no end: \(state(session.end))"
        }
        let mine = sessions.first { $0.end.machine.instance == client.end.machine.instance }
        for session in sessions where session !== mine && session.end.machine.outbox.covered > 0 {
            return "\(session.end.name) counts frames as covered that nobody had"
        }
        if let wrong = covered(mine) { return wrong }
        if let wrong = endings(ending, mine) { return wrong }
        guard scenario.mustSucceed else { return nil }
        // A session whose use the server never heard of is an entry that lives for the time to OPEN.
        if let mine, mine.end.machine.using == 0, ending.code == .noSuchSession { return nil }
        guard ending.kind == .closed else { return "the client's session should have closed: \(ending)" }
        guard let theirs = mine?.end.machine.ending else { return "there is no session at the server" }
        return theirs.kind == .closed ? nil : "the server's session should have closed: \(theirs)"
    }

    /// Nothing counts as covered that did not arrive.
    private func covered(_ mine: SimulatedSession?) -> String? {
        let toServer = mine?.end.machine.inbox.received ?? 0
        let toClient = client.end.machine.inbox.received
        if client.end.machine.outbox.covered > toServer {
            return "the client counts \(client.end.machine.outbox.covered) as covered, the server has \(toServer)"
        }
        guard let mine else { return nil }
        if mine.end.machine.outbox.covered > toClient {
            return "the server counts \(mine.end.machine.outbox.covered) as covered, the client has \(toClient)"
        }
        return nil
    }

    /// A normal end means that everything arrived, and no code of the protocol's was due in peace.
    private func endings(_ ending: SessionEnding, _ mine: SimulatedSession?) -> String? {
        var all = [(client.end, ending)]
        if let mine, let theirs = mine.end.machine.ending { all.append((mine.end, theirs)) }
        for (end, ending) in all {
            if ending.code == .protocolError, scenario.corrupt == 0 { return "\(end.name): \(ending)" }
            if ending.kind == .closed, !end.machine.isPeerClosed { return "\(end.name) closed without a CLOSE" }
            if ending.covered != end.machine.outbox.covered { return "\(end.name) names another number" }
        }
        guard let mine, ending.kind == .closed else { return nil }
        if client.end.machine.inbox.received + 1 != mine.end.machine.outbox.nextNumber {
            return "closed, and the client has not all: \(client.end.machine.inbox.received)"
        }
        if ending.unacknowledged == 0, mine.end.machine.inbox.received + 1 != client.end.machine.outbox.nextNumber {
            return "closed, and the server has not all: \(mine.end.machine.inbox.received)"
        }
        if scenario.client.takeEvery != nil, client.end.taken != mine.end.offered {
            return "closed, and the client took \(client.end.taken) of \(mine.end.offered) messages"
        }
        if scenario.server.takeEvery != nil, scenario.server.finish != .finish, ending.unacknowledged == 0,
            !mine.isWiped,
            mine.end.taken != client.end.offered
        {
            return "closed, and the server took \(mine.end.taken) of \(client.end.offered) messages"
        }
        return nil
    }

    private func state(_ end: SimulatedEnd) -> String {
        """
        offered \(end.offered) of \(end.script.count), taken \(end.taken), sent \(end.machine.outbox.nextNumber - 1), \
        covered \(end.machine.outbox.covered), received \(end.machine.inbox.received), \
        attached \(end.machine.isAttached), finished \(end.isFinished), peer closed \(end.machine.isPeerClosed)
        """
    }
}
