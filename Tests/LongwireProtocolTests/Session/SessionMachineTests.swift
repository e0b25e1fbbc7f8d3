import NIOCore
import Testing

@testable import LongwireProtocol

/// Transcripts of the rules of Docs/protocol.md, by number.
@Suite("SessionMachine")
struct SessionMachineTests {
    // R: D2
    @Test("Rule 5: OPEN, OPENED, and the first frame on a newly used path is an ACK")
    func opening() {
        let pair = MachinePair()
        let path = pair.client.openPath(.duplex, now: pair.now)
        #expect(path == 1)
        pair.exchange()
        #expect(pair.said.prefix(3) == ["C1 OPEN", "S1 OPENED", "S1 ACK 0"])
        #expect(pair.clientEvents == [.pathOpened(1), .pathUsed(1)])
        #expect(pair.serverEvents == [.pathUsed(1)])
        #expect(pair.client.instance == FrameSamples.instance)
    }

    // R: D2
    @Test("Rule 5: nothing goes on a path before OPENED came")
    func nothingBeforeOpened() {
        let pair = MachinePair()
        _ = pair.client.openPath(.duplex, now: pair.now)
        #expect(pair.client.offer(Message("early")) == true)
        pair.exchange(down: false)
        #expect(pair.said == ["C1 OPEN"])
        pair.exchange()
        #expect(pair.takeAll(&pair.server) == ["early"])
    }

    // R: D3
    @Test("A message goes at once when it appears, both ways independently")
    func sendsAtOnce() {
        let pair = MachinePair.open()
        for round in 1...3 {
            #expect(pair.server.offer(Message("down \(round)")) == true)
            pair.exchange()
            #expect(pair.takeAll(&pair.client) == ["down \(round)"])
        }
        #expect(pair.client.offer(Message("up")) == true)
        pair.exchange()
        #expect(pair.takeAll(&pair.server) == ["up"])
    }

    // R: D3
    @Test("With nothing to send nothing is sent, and one heartbeat each way a heartbeat")
    func idle() {
        let pair = MachinePair.open()
        pair.wait(.milliseconds(20))
        pair.exchange()
        pair.clear()
        for _ in 0..<10 {
            for _ in 0..<15 {
                pair.wait(.seconds(1))
                pair.exchange()
            }
        }
        #expect(pair.said.count <= 40)
        #expect(pair.said.count >= 18)
        #expect(pair.clientEvents == [] && pair.serverEvents == [])
    }

    // R: D11
    @Test("Rules 4 and 6: after a cut the next path repeats what is not covered, and nothing twice")
    func resuming() {
        let pair = MachinePair.open()
        for text in ["1", "2"] { _ = pair.client.offer(Message(text)) }
        _ = pair.server.offer(Message("a"))
        pair.exchange(down: false)
        pair.client.pathLost(1, now: pair.now)
        pair.server.pathLost(1, now: pair.now)
        #expect(pair.client.openPath(.stream, now: pair.now) == 2)
        _ = pair.client.openPath(.duplex, now: pair.now)
        pair.exchange(paths: 3...3)
        #expect(pair.takeAll(&pair.server) == ["1", "2"])
        #expect(pair.takeAll(&pair.client) == ["a"])
        #expect(pair.client.ending == nil && pair.server.ending == nil)
    }

    // R: D11
    @Test("With a resume time of zero a cut line is the end, of which each side names what was covered")
    func noResuming() {
        var configuration = SessionConfiguration()
        configuration.resumeTime = .zero
        let pair = MachinePair.open(.duplex, configuration)
        _ = pair.client.offer(Message("lost"))
        pair.exchange(down: false)
        pair.client.pathLost(1, now: pair.now)
        #expect(pair.client.ending?.kind == .lost)
        #expect(pair.client.ending?.covered == 0)
        #expect(pair.client.ending?.unacknowledged == 1)
    }

    // R: D11
    @Test("Rule 10: 2.5 heartbeats of silence kill the path, the resume time after that the session")
    func silence() {
        let pair = MachinePair.open()
        pair.wait(.milliseconds(37_400))
        #expect(pair.client.isAttached == true)
        pair.wait(.milliseconds(200))
        #expect(pair.client.nextEvent() == .pathClosed(1, .silent))
        #expect(pair.client.nextEvent() == .suspended)
        pair.wait(.seconds(59))
        #expect(pair.client.ending == nil)
        pair.wait(.seconds(2))
        #expect(pair.client.ending?.kind == .lost)
        #expect(pair.server.ending?.code == .expired)
    }

    @Test(
        "Rule 13: what a changed length swallowed goes again on another path, though the line lives on",
        arguments: [true, false])
    func swallowed(checksum: Bool) {
        let pair = MachinePair(checksum: checksum)
        _ = pair.client.openPath(.duplex, now: pair.now)
        pair.exchange()
        pair.clear()
        _ = pair.client.offer(Message("swallowed"))
        #expect(pair.pull(&pair.client, 1) != nil)
        // Heartbeats go on both ways, and say that it did not arrive.
        for _ in 0..<3 {
            #expect(pair.client.isAttached == true)
            pair.wait(.seconds(15))
            pair.exchange()
        }
        #expect(pair.clientEvents == [.pathClosed(1, .stalled), .suspended])
        _ = pair.client.openPath(.duplex, now: pair.now)
        pair.exchange()
        #expect(pair.takeAll(&pair.server) == ["swallowed"])
        // Nothing waits any more, and the line stays.
        for _ in 0..<10 {
            pair.wait(.seconds(15))
            pair.exchange()
        }
        #expect(pair.client.isAttached == true)
        #expect(pair.server.isAttached == true)
    }

    // R: D4, B6
    @Test("Rule 12: CLOSE ends one direction; the session is over when both are covered")
    func closing() {
        let pair = MachinePair.open()
        _ = pair.client.offer(Message("last"))
        pair.client.close(code: .done, reason: "bye", now: pair.now)
        pair.exchange()
        #expect(pair.serverEvents == [.peerClosed(.done, reason: "bye")])
        _ = pair.server.offer(Message("more"))
        pair.exchange()
        #expect(pair.takeAll(&pair.client) == ["more"])
        pair.server.finish(code: .done, reason: "", now: pair.now)
        pair.exchange()
        pair.wait(.milliseconds(20))
        pair.exchange()
        #expect(pair.server.ending?.kind == .closed)
        pair.client.responseEnded(on: 1, now: pair.now)
        #expect(pair.client.ending?.kind == .closed)
        #expect(pair.client.ending?.unacknowledged == 0)
    }

    @Test("Rule 12: the server ends a stream without another ACK where the client knows that its CLOSE arrived")
    func noNewsAtTheEnd() {
        let pair = MachinePair.open()
        pair.client.close(code: .done, reason: "", now: pair.now)
        pair.exchange()
        pair.server.finish(code: .done, reason: "", now: pair.now)
        pair.exchange(up: false)
        pair.clear()
        pair.exchange()
        pair.wait(.milliseconds(20))
        pair.exchange()
        #expect(pair.server.ending?.kind == .closed)
        #expect(pair.said == ["C1 ACK 1"])
    }

    @Test("Rule 12: a client whose CLOSE is the last to come is told that it arrived, before the stream ends")
    func lastNews() {
        let pair = MachinePair.open()
        pair.server.finish(code: .done, reason: "", now: pair.now)
        pair.exchange(up: false)
        pair.client.close(code: .done, reason: "", now: pair.now)
        pair.clear()
        pair.exchange()
        #expect(pair.server.ending?.kind == .closed)
        #expect(pair.said.last == "S1 ACK 1")
        pair.client.responseEnded(on: 1, now: pair.now)
        #expect(pair.client.ending?.kind == .closed)
        #expect(pair.client.ending?.unacknowledged == 0)
    }

    // R: D5
    @Test("Rule 13: ABORT ends both directions with its code; what had arrived is still delivered")
    func aborting() {
        let pair = MachinePair.open()
        _ = pair.server.offer(Message("before"))
        pair.exchange()
        pair.server.abort(code: .operatorEnded, reason: "maintenance", now: pair.now)
        pair.exchange()
        #expect(pair.client.ending?.kind == .aborted)
        #expect(pair.client.ending?.code == .operatorEnded)
        #expect(pair.client.ending?.reason == "maintenance")
        #expect(pair.takeAll(&pair.client) == ["before"])
    }

    @Test("Rule 12: a servlet that returned waits for the answering CLOSE, not for ever, however much comes")
    func noAnswer() {
        let pair = MachinePair.open()
        pair.server.finish(code: CloseCode(rawValue: 1007), reason: "", now: pair.now)
        pair.exchange()
        for _ in 0..<70 where pair.server.ending == nil {
            _ = pair.client.offer(Message("chatter"))
            pair.wait(.seconds(1))
            pair.exchange()
        }
        #expect(pair.server.ending?.kind == .aborted)
        #expect(pair.server.ending?.code == CloseCode(rawValue: 1007))
    }

    @Test("Rule 12: the time to wait for CLOSE's acknowledgement starts anew when a path is used again")
    func closeAcrossSuspension() {
        let pair = MachinePair.open(.tcp)
        pair.client.close(code: .done, reason: "", now: pair.now)
        let lost = pair.pull(&pair.client, 1)
        #expect(lost != nil)
        pair.client.pathLost(1, now: pair.now)
        pair.server.pathLost(1, now: pair.now)
        pair.wait(.seconds(55))
        _ = pair.client.openPath(.tcp, now: pair.now)
        pair.exchange(down: false)
        pair.exchange(up: false)
        pair.wait(.seconds(10))
        #expect(pair.client.ending == nil)
        pair.exchange()
        #expect(pair.client.outbox.isCloseCovered == true)
    }

    // R: C4
    @Test("Rule 8: no more than the allowance is unread; a nudge, then the path is given up")
    func allowance() {
        let pair = MachinePair.open()
        var written = 0
        _ = pair.client.offer(Message(ByteBuffer(repeating: 1, count: 200_000)))
        while let bytes = pair.pull(&pair.client, 1) { written += bytes.readableBytes }
        #expect(written <= 64 * 1024 + 63 * 640)
        #expect(written > 30 * 1024)
        pair.wait(.milliseconds(1500))
        #expect(pair.client.isAttached == true)
        pair.wait(.milliseconds(1600))
        #expect(pair.client.nextEvent() == .pathClosed(1, .stalled))
    }

    @Test("Rule 8: a server's allowance that holds no frame is refused, rather than waited for")
    func tinyAllowance() {
        let pair = MachinePair()
        pair.server.setAllowance(bytes: 100, pieces: 64)
        _ = pair.client.openPath(.duplex, now: pair.now)
        pair.exchange()
        #expect(pair.clientEvents == [.pathClosed(1, .refused)])
    }

    @Test("Rule 9: 20 ms after a frame an ACK, at once after 32 frames, and none for an ACK")
    func acknowledging() {
        let pair = MachinePair.open(.tcp)
        _ = pair.client.offer(Message("x"))
        pair.exchange()
        #expect(pair.said == ["C1 TEXT 1"])
        pair.wait(.milliseconds(20))
        pair.exchange()
        #expect(pair.said == ["C1 TEXT 1", "S1 ACK 1"])
        for _ in 0..<32 { _ = pair.client.offer(Message("x")) }
        pair.exchange()
        #expect(pair.said.last == "S1 ACK 33")
    }

    @Test(
        "Rule 9: who only listens keeps ACKs at a distance, unless the other side has little room",
        arguments: [true, false])
    func distance(isRoomy: Bool) {
        var small = SessionConfiguration()
        if !isRoomy { small.receiveWindow = 40 * 1024 }
        let pair = MachinePair(SessionConfiguration(), server: small)
        _ = pair.client.openPath(.tcp, now: pair.now)
        pair.exchange()
        for _ in 0..<2 {
            pair.wait(.milliseconds(600))
            pair.exchange()
        }
        pair.clear()
        for _ in 0..<2 {
            _ = pair.server.offer(Message("x"))
            pair.exchange()
            pair.wait(.milliseconds(20))
            pair.exchange()
        }
        #expect(pair.said.filter { $0.hasPrefix("C1 ACK") } == (isRoomy ? ["C1 ACK 1"] : ["C1 ACK 1", "C1 ACK 2"]))
        pair.wait(.milliseconds(500))
        pair.exchange()
        #expect(pair.said.last { $0.hasPrefix("C1 ACK") } == "C1 ACK 2")
    }

    @Test("Rule 9: PING is answered by PONG and an ACK, at once")
    func ping() {
        let pair = MachinePair.open()
        pair.server.frameReceived(.ping(PingPayload(bytes: 7, count: 1)), on: 1, now: pair.now)
        pair.exchange(up: false)
        #expect(pair.said.prefix(2) == ["S1 PONG", "S1 ACK 0"])
    }

    @Test("Rules 5 and 7: a repeated OPEN is closed at once; a dead path's too; another instance is 6")
    func attaching() {
        let pair = MachinePair.open()
        func open(_ path: UInt64, instance: SessionInstance?, using: UInt64 = 1, received: UInt64 = 0) -> OpenFrame {
            OpenFrame(
                transport: .duplex, path: path, identifier: FrameSamples.identifier, token: pair.server.token,
                instance: instance, using: using, received: received, limit: 0)
        }
        #expect(pair.server.attach(open(1, instance: nil), now: pair.now) == .closeAtOnce)
        #expect(
            pair.server.attach(open(2, instance: SessionInstance(rawValue: 1)), now: pair.now)
                == .refused(.noSuchSession, ""))
        #expect(pair.server.attach(open(3, instance: FrameSamples.instance, using: 3), now: pair.now) == .attached)
        #expect(pair.server.attach(open(2, instance: nil), now: pair.now) == .closeAtOnce)
    }

    @Test("Rule 15: at most 8 transactions of a session")
    func transactionLimit() {
        let pair = MachinePair.open()
        func attach(_ path: UInt64) -> SessionMachine.AttachResult {
            let open = OpenFrame(
                transport: .duplex, path: path, identifier: FrameSamples.identifier, token: pair.server.token,
                instance: nil, using: 0, received: 0, limit: 0)
            return pair.server.attach(open, now: pair.now)
        }
        for path in 2...8 as ClosedRange<UInt64> { #expect(attach(path) == .attached) }
        guard case .refused(let code, _) = attach(9) else {
            Issue.record("the ninth was taken")
            return
        }
        #expect(code == .overloaded)
    }

    @Test("Rule 7: the first of several attempts to open is used, and its instance is the session's")
    func rivals() {
        let pair = MachinePair()
        _ = pair.client.openPath(.duplex, now: pair.now)
        _ = pair.client.openPath(.tcp, now: pair.now)
        pair.exchange(paths: 1...1)
        #expect(pair.client.using == 1)
        var other = FrameSamples.all.compactMap { if case .opened(let frame) = $0 { frame } else { nil } }[0]
        other.version = 1
        other.identifier = FrameSamples.identifier
        other.instance = SessionInstance(rawValue: 4711)
        pair.client.frameReceived(.opened(other), on: 2, now: pair.now)
        #expect(pair.client.using == 1)
        #expect(pair.client.instance == FrameSamples.instance)
        #expect(pair.client.ending == nil)
    }

    // R: B4
    @Test("Rule 13: unreadable input cuts its path; the third time without progress is ABORT 2")
    func unreadable() {
        let pair = MachinePair.open()
        for round in 1...3 {
            pair.server.inputUnreadable(on: UInt64(round), reason: "rubbish", now: pair.now)
            if round < 3 {
                #expect(pair.server.ending == nil)
                pair.client.pathLost(UInt64(round), now: pair.now)
                _ = pair.client.openPath(.duplex, now: pair.now)
                pair.exchange()
            }
        }
        #expect(pair.server.ending?.code == .protocolError)
    }

    @Test("A gap in a stream is unreadable input: what is missing there would never come")
    func gap() {
        let pair = MachinePair.open()
        let frame = NumberedFrame(number: 2, content: .message(ByteBuffer()))
        pair.server.frameReceived(.numbered(frame), on: 1, now: pair.now)
        #expect(pair.server.nextEvent() == .pathClosed(1, .unreadable))
    }

    // R: B2, B3
    @Test("On poll a request waits at the server until there is something to say, and hung ones are repeated")
    func polling() {
        let pair = MachinePair()
        let path = pair.client.openPath(.poll, now: pair.now) ?? 0
        let first = pair.client.nextRequest(on: path, now: pair.now)
        #expect(first != nil)
        #expect(pair.client.nextRequest(on: path, now: pair.now) == nil)
        deliver(first, pair, transaction: 1)
        let answer = pair.server.nextAnswer(on: path, now: pair.now)
        receive(answer, pair, transaction: first?.transaction ?? 0)
        #expect(pair.client.using == path)
        deliver(pair.client.nextRequest(on: path, now: pair.now), pair, transaction: 2)
        #expect(pair.server.nextAnswer(on: path, now: pair.now) == nil)
        _ = pair.server.offer(Message("news"))
        let news = pair.server.nextAnswer(on: path, now: pair.now)
        #expect(news != nil)
        receive(news, pair, transaction: 2)
        #expect(pair.takeAll(&pair.client) == ["news"])

        _ = pair.client.offer(Message("hung"))
        #expect(pair.client.nextRequest(on: path, now: pair.now) != nil)
        pair.wait(.milliseconds(1001))
        let again = pair.client.nextRequest(on: path, now: pair.now)
        deliver(again, pair, transaction: 4)
        #expect(pair.takeAll(&pair.server) == ["hung"])
    }

    // R: B5
    @Test("After five failed requests in a row a path is given up, and each waits longer than the one before")
    func failing() {
        let pair = MachinePair()
        let path = pair.client.openPath(.poll, now: pair.now) ?? 0
        var waits: [TimeAmount] = []
        for _ in 1...5 {
            guard let request = pair.client.nextRequest(on: path, now: pair.now) else {
                Issue.record("no request")
                return
            }
            pair.client.requestFailed(request.transaction, on: path, now: pair.now)
            if pair.client.index(of: path) == nil { break }
            let failedAt = pair.now
            for _ in 0..<1000 where pair.client.paths.all.first?.flights.retryAt.map({ $0 > pair.now }) == true {
                pair.wait(.milliseconds(10))
            }
            waits.append(pair.now - failedAt)
        }
        #expect(waits == [50, 100, 200, 400].map { .milliseconds($0) })
        #expect(pair.client.nextEvent() == .pathClosed(path, .cut))
    }

    @Test("Rule 14: GOING is advice, said again on the next path, and heard once")
    func going() {
        let pair = MachinePair.open()
        pair.server.going(code: .goingAway)
        pair.exchange()
        #expect(pair.clientEvents == [.going(.goingAway)])
        _ = pair.client.openPath(.duplex, now: pair.now)
        pair.exchange()
        #expect(pair.said.filter { $0.hasSuffix("GOING") } == ["S1 GOING", "S2 GOING"])
        #expect(pair.clientEvents.filter { $0 == .going(.goingAway) }.count == 1)
    }

    // R: C1
    @Test("Rule 6: rotation opens the next path beside the old one, and asks again only when that failed")
    func rotation() {
        let pair = MachinePair.open()
        for _ in 0..<70 {
            pair.wait(.seconds(10))
            pair.exchange()
        }
        #expect(pair.clientEvents == [.rotationDue(1)])
        let path = pair.client.openPath(.duplex, now: pair.now) ?? 0
        pair.client.pathLost(path, now: pair.now)
        pair.clear()
        pair.wait(.seconds(10))
        pair.exchange()
        #expect(pair.clientEvents.contains(.rotationDue(1)) == true)
    }

    @Test("Hostile figures near 2^62 end the session or mean nothing, and never trap")
    func greatNumbers() {
        let great = VarInt.maximum
        for transport in [TransportKind.duplex, .tcp, .stream] {
            let pair = MachinePair.open(transport)
            _ = pair.client.offer(Message("x"))
            pair.client.frameReceived(.ack(AckFrame(received: 0, limit: great, extra: 0)), on: 1, now: pair.now)
            _ = pair.pull(&pair.client, 1)
            pair.client.frameReceived(.ack(AckFrame(received: great, limit: great, extra: great)), on: 1, now: pair.now)
            #expect(pair.client.ending?.code == .protocolError)
            let far = NumberedFrame(number: great, content: .message(ByteBuffer()))
            pair.server.frameReceived(.numbered(far), on: 1, now: pair.now)
            pair.server.frameReceived(.ack(AckFrame(received: 0, limit: great, extra: great)), on: 1, now: pair.now)
            _ = pair.server.nextDeadline(now: pair.now)
        }
    }

    private func deliver(_ bundle: SessionMachine.Bundle?, _ pair: MachinePair, transaction: UInt64) {
        guard let bundle else {
            Issue.record("no request")
            return
        }
        var decoder = FrameDecoder()
        decoder.append(bundle.body)
        guard case .open(let open) = (try? decoder.next()) ?? nil else { return }
        #expect(pair.server.attach(open, now: pair.now) == .attached)
        while let frame = (try? decoder.next()) ?? nil {
            pair.server.frameReceived(frame, on: open.path, now: pair.now)
        }
        pair.server.requestHeld(transaction, on: open.path, now: pair.now)
    }

    private func receive(_ bundle: SessionMachine.Bundle?, _ pair: MachinePair, transaction: UInt64) {
        guard let bundle else {
            Issue.record("no answer")
            return
        }
        var decoder = FrameDecoder()
        decoder.append(bundle.body)
        while let frame = (try? decoder.next()) ?? nil { pair.client.frameReceived(frame, on: 1, now: pair.now) }
        pair.client.requestAnswered(transaction, on: 1, now: pair.now)
    }
}
