package import NIOCore

extension SessionMachine {
    /// Takes a message for sending if the send queue has room; otherwise ``SessionEvent/sendable`` follows.
    package mutating func offer(_ message: Message) -> Bool {
        guard !isEnded else { return false }
        let taken = outbox.offer(message)
        if !taken { wasFull = true }
        return taken
    }

    /// Whether ``offer(_:)`` would take a message now.
    package var hasRoom: Bool { !isEnded && outbox.hasRoom }

    /// Asks for ``SessionEvent/sendable`` when there is room again, without a message at hand.
    package mutating func waitForRoom() { wasFull = true }

    /// What is held for the application and for the other side, in bytes.
    package var buffered: Int {
        mutating get { inbox.buffered + Int(clamping: outbox.retained) + outbox.waiting }
    }

    /// Whether ``take(now:)`` may return a message.
    package var hasMessage: Bool { mutating get { inbox.hasMessage } }

    /// Whether messages wait that have not gone to a path, or go again.
    package var hasUnsent: Bool { mutating get { outbox.hasUnsent } }

    /// Whether the other side's CLOSE has arrived, with all before it.
    package var isPeerClosed: Bool { inbox.close != nil }

    /// The next message that arrived, in order.
    package mutating func take(now: @autoclosure () -> NIODeadline) -> Message? {
        do {
            let message = try inbox.take()
            if message != nil { acks.creditReturned(limit: inbox.limit, now: now()) }
            return message
        } catch {
            violated(error, now: now())
            return nil
        }
    }

    /// Sends CLOSE after every message that was taken; the first call counts.
    package mutating func close(code: CloseCode, reason: String, now: NIODeadline) {
        guard ending == nil, !outbox.isClosing else { return }
        closeExpected(now: now)
        closeCode = code
        outbox.close(code: code, reason: reason)
    }

    /// CLOSE follows as soon as messages on their way to the machine have been offered; its patience begins now.
    package mutating func closeExpected(now: NIODeadline) {
        guard ending == nil, closeAskedAt == nil else { return }
        closeAskedAt = now
        movedAt = now
    }

    /// The application is done with the session: closes it, and drops what still comes (rule 12).
    package mutating func finish(code: CloseCode, reason: String, now: NIODeadline) {
        guard ending == nil, !isApplicationDone else { return }
        isApplicationDone = true
        movedAt = now
        inbox.discard()
        acks.creditReturned(limit: inbox.limit, now: now)
        close(code: code, reason: reason, now: now)
    }

    /// Ends the session at once, in both directions (rule 13).
    package mutating func abort(code: CloseCode, reason: String, now: NIODeadline) {
        guard ending == nil else { return }
        owedAbort = AbortFrame(received: inbox.received, code: code, reason: reason)
        end(.aborted, code: code, reason: reason, isRemote: false)
    }

    /// Advises the client to come to an end soon (rule 14).
    package mutating func going(code: CloseCode) {
        guard ending == nil, role == .server else { return }
        goingCode = code
        owedGoing = code
    }

    mutating func end(_ kind: SessionEnding.Kind, code: CloseCode, reason: String, isRemote: Bool) {
        guard ending == nil else { return }
        let unacknowledged = outbox.nextNumber - 1 - outbox.covered
        let ending = SessionEnding(
            kind: kind, code: code, reason: reason, isRemote: isRemote, covered: outbox.covered,
            unacknowledged: unacknowledged)
        self.ending = ending
        events.append(.ended(ending))
    }

    mutating func violated(_ violation: ReceiveQueue.Violation, now: NIODeadline) {
        switch violation {
        case .beyondCredit: abort(code: .protocolError, reason: "a frame beyond the credit granted", now: now)
        case .afterClose: abort(code: .protocolError, reason: "a frame after CLOSE", now: now)
        case .textNotUTF8: abort(code: .protocolError, reason: "a text message is not UTF-8", now: now)
        case .messageTooLarge(let limit):
            abort(code: .tooLarge, reason: "a message is larger than the limit of \(limit) bytes", now: now)
        }
    }

    /// Ends the session once both CLOSEs are covered (rule 12).
    mutating func endIfBothClosed() {
        guard ending == nil, outbox.isCloseCovered, let close = inbox.close else { return }
        // The client stays until the response ends: its last ACK may be lost.
        guard role == .server else { return }
        endClosed(close)
    }

    mutating func endClosed(_ close: (code: CloseCode, reason: String)) {
        let isAnswer = close.code == .done && close.reason.isEmpty && closeAskedAt != nil
        end(.closed, code: isAnswer ? closeCode : close.code, reason: close.reason, isRemote: !isAnswer)
    }
}
