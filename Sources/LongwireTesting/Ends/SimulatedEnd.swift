internal import LongwireProtocol
internal import NIOCore

/// One end of a session: a real machine, and an application that follows its script and checks what it gets.
final class SimulatedEnd {
    var machine: SessionMachine
    let name: String
    let script: ApplicationScript
    /// The other side's script: what must come, in this order.
    let expected: ApplicationScript
    let startedAt: NIODeadline
    private(set) var offered = 0
    private(set) var taken = 0
    private(set) var isFinished = false
    private(set) var failure: String?
    private var nextSendAt: NIODeadline
    private var nextTakeAt: NIODeadline
    private var closeAt: NIODeadline?
    private var isToldToEnd = false
    var hasPeerClosed = false
    /// Which timer counts; earlier ones are void.
    var timerGeneration = 0
    var timerAt: NIODeadline?
    /// How often in a row the timer fired without time moving.
    var timersAtOnce = 0
    var firedAt: NIODeadline?
    private var turns = 0

    init(
        _ machine: consuming SessionMachine, name: String, script: ApplicationScript, expected: ApplicationScript,
        now: NIODeadline
    ) {
        self.machine = machine
        self.name = name
        self.script = script
        self.expected = expected
        startedAt = now
        nextSendAt = now
        nextTakeAt = now
    }

    /// The application has stopped offering.
    private var isDoneSending: Bool { offered >= script.count || isToldToEnd || closeAt != nil }

    /// The other side, or the server's drain, asks to come to an end.
    func askedToEnd() { isToldToEnd = true }

    /// Takes, offers and closes as the script says.
    func applicationTurn(now: NIODeadline) {
        take(now: now)
        if machine.isEnded { return }
        if let abortAt = script.abortAt, startedAt + abortAt <= now {
            machine.abort(code: CloseCode(rawValue: 1001), reason: "as the script says", now: now)
            return
        }
        if startedAt + script.endAt <= now { isToldToEnd = true }
        while !isDoneSending, nextSendAt <= now {
            guard machine.offer(script.message(offered)) else { break }
            offered += 1
            nextSendAt = now + script.sendEvery
        }
        closeIfDone(now: now)
        checkBounds()
    }

    private func closeIfDone(now: NIODeadline) {
        if closeAt == nil {
            let isReady = script.finish == .answer ? hasPeerClosed || isToldToEnd : isDoneSending || hasPeerClosed
            if isReady { closeAt = now + script.closeDelay }
        }
        guard let closeAt, closeAt <= now, !isFinished else { return }
        isFinished = true
        if script.finish == .finish {
            machine.finish(code: .done, reason: "", now: now)
        } else {
            machine.close(code: .done, reason: "", now: now)
        }
    }

    private func take(now: NIODeadline) {
        guard let every = script.takeEvery else { return }
        while nextTakeAt <= now || machine.isEnded, let message = machine.take(now: now) {
            nextTakeAt = now + every
            if taken >= expected.count {
                fail("got message \(taken + 1) of \(expected.count)")
            } else if message != expected.message(taken) {
                fail("message \(taken + 1) is not the one that was sent (\(message.payload.readableBytes) bytes)")
            }
            taken += 1
        }
    }

    private func checkBounds() {
        turns += 1
        let most = UInt64(machine.configuration.sendBuffer + FrameLimits.payload) + FrameLimits.overhead
        if machine.outbox.retained > most { fail("keeps \(machine.outbox.retained) bytes, more than \(most)") }
        guard turns % 16 == 0, machine.configuration.receiveWindow < 1 << 30 else { return }
        let held = machine.configuration.receiveWindow + machine.configuration.messageLimit
        if machine.inbox.held > held { fail("holds \(machine.inbox.held) bytes, more than \(held)") }
    }

    /// When the application has something to do next.
    func applicationDeadline(now: NIODeadline) -> NIODeadline? {
        guard !machine.isEnded else { return nil }
        var times = [startedAt + script.endAt]
        if let abortAt = script.abortAt { times.append(startedAt + abortAt) }
        if !isDoneSending { times.append(nextSendAt) }
        if script.takeEvery != nil, machine.inbox.hasMessage { times.append(nextTakeAt) }
        if let closeAt, !isFinished { times.append(closeAt) }
        return times.filter { $0 > now }.min()
    }

    func fail(_ what: String) {
        if failure == nil { failure = "\(name): \(what)" }
    }
}
