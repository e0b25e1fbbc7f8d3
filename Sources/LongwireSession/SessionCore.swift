package import LongwireProtocol
package import NIOCore

/// The session machine with what it needs around it: carriers, timer, mailbox; all on one event loop.
///
/// Every input is a turn: the machine is told, its events are acted on, messages are handed out, and then everything
/// that is to be written is written and flushed once.
package final class SessionCore {
    package var machine: SessionMachine
    package var eventLoop: any EventLoop { wheel.eventLoop }
    /// Kept alive for as long as the session is not over.
    package var observer: (any SessionObserver)?
    package private(set) var carriers = CarrierList()
    private let wheel: TimerWheel
    package var wheelPlace: WheelPlace?
    // Small ones stand together: alone, each takes a word.
    private var isPumpScheduled = false
    private var isSettling = false
    /// Whether somebody was woken who has not run yet.
    private var isAwaitingWoken = false
    /// Whether a carrier could not be written to.
    private var isHeldUp = false
    /// Whether those who wait for the end have been told.
    private(set) var isEndTold = false
    /// Whether messages that were taken for sending and not begun are kept at the end, for another session.
    package var keepsUnbegun = false
    /// Whether messages may be on their way to a consumer elsewhere.
    var mayHaveTransit = false
    /// Whether it is one more session for ``account``, rather than the other end of one that counts.
    private var isAccountedSession = false
    private var depth: Int32 = 0
    /// What all sessions hold together, and what of it is this one's.
    private var account: BufferAccount?
    private var accounted = 0
    /// What whoever drives this session keeps for it besides, in bytes; counted with the next turn.
    package var heldBeside = 0
    var mailbox = Mailbox()
    private var departure: SessionDeparture?
    /// The session that this is the core of, until it is over: senders on other threads wait there.
    var session: Session?

    /// Data of at most this many bytes is copied behind the control frames rather than written apart.
    private static let copiedBytes = 4096
    private static let heldUpPause = TimeAmount.milliseconds(250)
    /// The most data that one write takes.
    private static let writeBytes = 64 * 1024

    /// On the event loop of its wheel.
    package init(machine: consuming SessionMachine, wheel: TimerWheel) {
        self.machine = machine
        self.wheel = wheel
    }

    /// How the session ended, with what never reached the machine counted in.
    package var ending: SessionEnding? { departure?.ending }

    /// Messages that were taken for sending and not begun, in order.
    package var withdrawn: [Message] {
        get { departure?.withdrawn ?? [] }
        set { departure?.withdrawn = newValue }
    }

    private var departing: SessionDeparture {
        if let departure { return departure }
        let made = SessionDeparture()
        departure = made
        return made
    }

    // MARK: Turns

    /// Runs `body` as a part of a turn; the outermost call settles.
    package func turn(_ body: (SessionCore) -> Void) {
        depth += 1
        body(self)
        depth -= 1
        if depth == 0 { settle() }
    }

    /// Settles once the event loop has run what is queued: many sends of one loop turn make one write.
    package func settleSoon() {
        guard depth == 0, !isSettling, !isPumpScheduled, !isAwaitingWoken else { return }
        isPumpScheduled = true
        wheel.settleSoon(self)
    }

    /// What ``settleSoon()`` waited for.
    func settleNow() {
        isPumpScheduled = false
        settle()
    }

    /// - Parameter waits: whether somebody who was woken is let run first.
    private func settle(waits: Bool = true) {
        guard !isSettling else { return }
        isSettling = true
        actOnEvents()
        let hasWoken = deliver(runsWoken: !machine.isEnded)
        actOnEvents()
        if waits, hasWoken || isAwaitingWoken, !machine.isEnded {
            // Whoever was woken runs next on this loop, and often answers: that goes in one write with what is due.
            isSettling = false
            return settleNext()
        }
        machine.readCompleted()
        let now = NIODeadline.now()
        pump(now: now)
        actOnEvents()
        isSettling = false
        accountForBuffers()
        if machine.isEnded {
            wheel.leave(self)
        } else if let deadline = machine.nextDeadline(now: now) {
            // What is due and cannot be written is not due again in the next turn.
            wheel.enter(self, at: isHeldUp ? max(deadline, now + Self.heldUpPause) : deadline)
        }
    }

    /// What this session holds counts among what all do.
    ///
    /// - Parameter isSession: whether it is one more session, rather than the other end of one that counts.
    package func join(_ all: BufferAccount, isSession: Bool = true) {
        if isSession { all.opened() }
        account = all
        accounted = 0
        isAccountedSession = isSession
    }

    /// Whether all sessions together hold so much that what need not be kept should not be.
    package var shouldHoldLittle: Bool { account?.isNearlyFull ?? false }

    private func accountForBuffers() {
        guard let account else { return }
        let held = machine.isEnded ? 0 : machine.buffered + heldBeside
        if held != accounted {
            account.change(by: held - accounted)
            accounted = held
        }
        if machine.isEnded {
            if isAccountedSession { account.ended() }
            self.account = nil
        } else if account.isTooMuch(held) {
            let core = NIOLoopBound(self, eventLoop: eventLoop)
            let reason = "the limit of \(account.limit) bytes that wait in all sessions is reached"
            eventLoop.execute { core.value.turn { $0.machine.abort(code: .overloaded, reason: reason, now: .now()) } }
        }
    }

    private func settleNext() {
        guard !isAwaitingWoken else { return }
        isAwaitingWoken = true
        let core = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute {
            core.value.isAwaitingWoken = false
            core.value.settle(waits: false)
        }
    }

    /// - Parameter runsWoken: whether a task that stays on this event loop may run at once.
    /// - Returns: whether somebody was woken who has not run.
    @discardableResult
    private func deliver(runsWoken: Bool = false) -> Bool {
        var hasWoken = false
        if mailbox.isWaiting {
            let now = NIODeadline.now()
            while mailbox.isWaiting, let message = machine.take(now: now) {
                if runsWoken, wheel.runWoken(by: { mailbox.deliver(message) }) { continue }
                if !runsWoken { mailbox.deliver(message) }
                hasWoken = true
            }
        }
        if machine.hasMessage { observer?.messagesReady(in: self) }
        return hasWoken
    }

    /// The job of a task that was woken just now, on the event loop: it may run within this turn.
    ///
    /// - Returns: false where it is to go by the event loop's queue.
    package func keepWoken(_ job: UnownedJob, _ runner: any WokenRunner) -> Bool { wheel.keepWoken(job, runner) }

    private func pump(now: NIODeadline) {
        isHeldUp = false
        // They may change meanwhile.
        let carriers = carriers
        carriers.forEach { path, carrier in
            carrier.exchange(self, now: now)
            let isWritable = carrier.isWritable
            // Who does not read gets no control frames either: they are state, and what they say last is enough.
            if isWritable || machine.isEnded {
                write(path, carrier, isWritable, now: now)
            } else {
                isHeldUp = true
            }
            carrier.settled(self, now: now)
        }
    }

    @inline(__always)
    private func write(_ path: UInt64, _ carrier: any PathCarrier, _ isWritable: Bool, now: NIODeadline) {
        var isWritable = isWritable
        // What follows the first piece is rare.
        var headroom = carrier.headroom
        var hasWritten = false
        var control = wheel.takeScratch()
        while true {
            if headroom > 0 { control.writeRepeatingByte(0, count: headroom) }
            let data = machine.transmit(
                on: path, control: &control, maxBytes: isWritable ? Self.writeBytes : 0, now: now)
            guard data != nil || control.readableBytes > headroom else { break }
            if let data, data.readableBytes > Self.copiedBytes {
                control.moveReaderIndex(forwardBy: headroom)
                carrier.write(control: control, data: data)
            } else {
                if let data { control.writeImmutableBuffer(data) }
                if headroom > 0 {
                    carrier.write(reserved: &control)
                } else {
                    carrier.write(control: control, data: nil)
                }
            }
            // What was written first is kept: once it has left, whoever writes next does so into the same memory.
            if !hasWritten { wheel.keepScratch(control) }
            hasWritten = true
            // Control frames go all at once.
            guard machine.hasUnsent else { break }
            headroom = 0
            control = ByteBuffer()
            isWritable = carrier.isWritable
        }
        if hasWritten { carrier.flush() } else { wheel.keepScratch(control) }
    }

    // MARK: Events

    @inline(__always)
    private func actOnEvents() {
        if machine.hasEvents { actOnAllEvents() }
    }

    private func actOnAllEvents() {
        while let event = machine.nextEvent() {
            switch event {
            case .pathOpened(let path): observer?.pathOpened(path, in: self)
            case .pathUsed(let path): observer?.pathUsed(path, in: self)
            case .pathClosed(let path, let end):
                closeCarrier(of: path)
                observer?.pathClosed(path, end: end, in: self)
            case .suspended: observer?.suspended(in: self)
            case .rotationDue(let path): observer?.rotationDue(path, in: self)
            case .sendable:
                resumeSenders()
                observer?.sendable(in: self)
            case .peerClosed(let code, let reason):
                deliver()
                if !machine.hasMessage { mailbox.finish(nil) }
                mailbox.peerClosed()
                observer?.peerClosed(code, reason: reason, in: self)
            case .going(let code): observer?.going(code, in: self)
            case .ended(let ending): ended(ending)
            }
        }
    }

    private func ended(_ ending: SessionEnding) {
        deliver()
        // The last words go out before the carriers are closed.
        pump(now: .now())
        if keepsUnbegun { withdraw() }
        // Whoever is told, the consumer, senders or `ending`, is told the same: what never reached the machine counts.
        let ending =
            session?.transits.outgoing.end { count in
                var whole = ending
                whole.unacknowledged += UInt64(count)
                return whole
            } ?? ending
        departing.ending = ending
        mailbox.finish(ending.kind == .closed ? nil : ending)
        departing.pendingClose = nil
        mailbox.peerClosed()
        closeCarriers(afterLastWord: ending.kind == .aborted && !ending.isRemote)
        observer?.ended(ending, in: self)
        observer = nil
        session = nil
        wheel.leave(self)
    }

    /// Closes what carried the session, and then tells those who wait for its end: their program may exit with it, and
    /// what was said last must have left by then.
    private func closeCarriers(afterLastWord: Bool) {
        let closing = carriers
        carriers = CarrierList()
        var left = closing.count + 1
        let closed = { [self] in
            left -= 1
            guard left == 0, let ending else { return }
            isEndTold = true
            mailbox.end(ending)
        }
        closing.forEach { _, carrier in
            if afterLastWord {
                carrier.closeAfterLastWord(closed)
            } else {
                carrier.close()
                closed()
            }
        }
        closed()
    }

    private func resumeSenders() {
        session?.transits.outgoingIfUsed?.drain { machine.offer($0) }
        guard let close = departure?.pendingClose, session?.transits.hasNothingOutgoing ?? true else { return }
        departure?.pendingClose = nil
        if close.isFinish {
            machine.finish(code: close.code, reason: close.reason, now: .now())
        } else {
            machine.close(code: close.code, reason: close.reason, now: .now())
        }
    }

    /// This side has nothing more to say: CLOSE follows everything that was taken for sending.
    package func close(_ code: CloseCode, reason: String) {
        closeAfterOutgoing(SessionDeparture.Close(code: code, reason: reason, isFinish: false))
    }

    /// The application is done with the session: CLOSE follows everything that was taken for sending, and what still
    /// comes is dropped.
    package func finish(_ code: CloseCode, reason: String) {
        closeAfterOutgoing(SessionDeparture.Close(code: code, reason: reason, isFinish: true))
    }

    private func closeAfterOutgoing(_ close: SessionDeparture.Close) {
        session?.transits.outgoing.close(SessionClosed())
        turn { core in
            core.machine.closeExpected(now: .now())
            core.departing.pendingClose = close
            core.resumeSenders()
        }
    }

    /// Takes back what was taken for sending and not begun; senders that wait are told that this side has closed.
    package func withdraw() {
        guard let messages = session?.transits.outgoing.withdraw(SessionClosed()), !messages.isEmpty else { return }
        departing.withdrawn += messages
    }

    /// Messages of other threads have come.
    func drainOutgoing() { turn { $0.resumeSenders() } }

    /// The clock comes by some milliseconds after something happened: what is empty by then lets go of its memory.
    fileprivate func rest() {
        machine.rest()
    }

    // MARK: Carriers

    /// `carrier` carries `path` from now on.
    package func add(_ carrier: any PathCarrier, for path: UInt64) { carriers.append(carrier, for: path) }

    /// Forgets a path's carrier without closing it: it is gone.
    package func forgetCarrier(of path: UInt64) { carriers.remove(path) }

    private func closeCarrier(of path: UInt64) {
        carriers.remove(path)?.close()
    }

    // MARK: Application

    /// Sends if there is room, from the event loop.
    package func offer(_ message: Message) -> Bool {
        guard machine.offer(message) else { return false }
        settleSoon()
        return true
    }

    /// The next message for a consumer on the event loop, who may have been elsewhere before.
    func takeHere(_ session: Session) -> Message? {
        if mayHaveTransit {
            if let message = session.transits.incomingIfUsed?.pop() { return message }
            mayHaveTransit = false
        }
        return take()
    }

    /// The next message, from the event loop; its credit goes back.
    package func take() -> Message? {
        guard let message = machine.take(now: .now()) else { return nil }
        settleSoon()
        return message
    }
}

extension SessionCore: WheelMember {
    package func wheelTurned(now: NIODeadline) {
        turn { $0.machine.deadlineReached(now: now) }
        rest()
    }
}
