internal import HTTPTypes
internal import LongwireProtocol
internal import LongwireSession
internal import LongwireTransport
internal import NIOCore

/// The client's end of a session whose client speaks plain HTTP: Server-Sent Events down, one POST a message up
/// (Docs/protocol.md, "HTTP binding").
///
/// It is a client of this very process: the session's other end is as with any client, and the two are joined by a
/// path in memory. All of it is on the session's event loop.
final class PlainPeer: SessionObserver {
    /// A POST that waits for room in the session.
    private struct Waiting {
        var message: Message
        var exchange: any HTTPExchange
        var timeout: Scheduled<Void>
        var id: UInt64
    }

    let core: SessionCore
    let resumeKey: PlainSecret
    private let token: PlainSecret
    private let heartbeat: TimeAmount
    private let resumeTime: TimeAmount
    private let ended: () -> Void

    private var downlink: PlainDownlink?
    private var replay = PlainReplay()
    private var isPeerClosing = false
    private(set) var isOver = false
    private var waiting: [Waiting] = []
    private var waitingIDs: UInt64 = 0
    private var absence: Scheduled<Void>?
    private var beat: Scheduled<Void>?
    /// The number of the last message that came with one; nil once one came without.
    private var lastNumber: UInt64? = 0
    private var hasUnnumbered = false

    /// POSTs that may wait at a time.
    private static let waitingLimit = 8

    /// - Parameter ended: called once, when the session is over and its last event is written.
    init(
        core: SessionCore, token: PlainSecret, heartbeat: TimeAmount, resumeTime: TimeAmount,
        ended: @escaping () -> Void
    ) {
        self.core = core
        self.token = token
        self.heartbeat = heartbeat
        self.resumeTime = resumeTime
        self.ended = ended
        resumeKey = .random(bytes: 16)
    }

    // MARK: Down

    /// The response to a GET carries the events from now on, those after number `seen` again.
    ///
    /// - Parameter prelude: the size of a comment before them, in bytes, for who holds the start of a response back.
    func attach(_ exchange: any HTTPExchange, seen: UInt64?, prelude: Int) {
        absence?.cancel()
        absence = nil
        downlink?.end()
        let downlink = PlainDownlink(exchange: exchange, peer: self)
        self.downlink = downlink
        exchange.receiver = downlink
        exchange.write(head: Self.head(session: core.machine.identifier))
        var start = ByteBuffer()
        if prelude > 0 {
            var noise = ByteBuffer()
            FrameEncoder.writePad((prelude * 3 + 3) / 4, to: &noise)
            start.writeString(": \(Base64.encoded(noise.readableBytesView))\n\n")
        }
        if let seen {
            let (events, isGap) = replay.after(seen)
            start.writeStaticString(":\n\n")
            if isGap {
                let data = ByteBuffer(string: "{\"after\":\(seen),\"next\":\(replay.last - UInt64(events.count) + 1)}")
                let id = id(of: replay.last - UInt64(events.count))
                EventStream.write(name: "lost", id: id, data: data.readableBytesView, to: &start)
            }
            for event in events { start.writeImmutableBuffer(event) }
        } else {
            let data = ByteBuffer(
                string: "{\"session\":\"\(core.machine.identifier)\",\"token\":\"\(token.text)\","
                    + "\"resume\":\"\(resumeKey.text)\"}")
            start.writeStaticString("retry: 1000\n")
            EventStream.write(name: "open", id: id(of: 0), data: data.readableBytesView, to: &start)
        }
        downlink.write(start)
        beatLater()
        core.turn { messagesReady(in: $0) }
    }

    private static func head(session: SessionIdentifier) -> HTTPResponse {
        var head = HTTPBinding.streamedResponse(session: session.description)
        head.headerFields[.contentType] = EventStream.mediaType + "; charset=utf-8"
        return head
    }

    private func id(of number: UInt64) -> String { "\(core.machine.identifier).\(resumeKey.text).\(number)" }

    /// The response that carried the events is over; its client has until the resume time to come back.
    func detached(_ downlink: PlainDownlink) {
        guard self.downlink === downlink else { return }
        self.downlink = nil
        beat?.cancel()
        guard !isOver else { return }
        let peer = NIOLoopBound(self, eventLoop: core.eventLoop)
        absence = core.eventLoop.scheduleTask(in: resumeTime) {
            peer.value.core.turn {
                $0.machine.abort(code: .expired, reason: "the client did not come back", now: .now())
            }
        }
    }

    func downlinkWritable() { core.turn { messagesReady(in: $0) } }

    private func beatLater() {
        beat?.cancel()
        let peer = NIOLoopBound(self, eventLoop: core.eventLoop)
        beat = core.eventLoop.scheduleTask(in: heartbeat) {
            peer.value.downlink?.write(EventStream.heartbeat)
            if peer.value.downlink != nil { peer.value.beatLater() }
        }
    }

    func messagesReady(in core: SessionCore) {
        guard let downlink else { return }
        var events = ByteBuffer()
        while downlink.isWritable, events.readableBytes < 64 * 1024, let message = core.take() {
            events.writeImmutableBuffer(event(message))
        }
        if events.readableBytes > 0 {
            downlink.write(events)
            beatLater()
        }
        if isPeerClosing, !core.machine.inbox.hasMessage { core.close(.done, reason: "") }
    }

    private func event(_ message: Message) -> ByteBuffer {
        var event = ByteBuffer()
        let payload = message.payload.readableBytesView
        if message.kind == .text, EventStream.isPlain(payload) {
            EventStream.write(name: nil, id: id(of: replay.last + 1), data: payload, to: &event)
        } else {
            let data = ByteBuffer(string: Base64.encoded(payload))
            EventStream.write(name: "binary", id: id(of: replay.last + 1), data: data.readableBytesView, to: &event)
        }
        replay.append(event, isShort: core.shouldHoldLittle)
        hold()
        return event
    }

    /// Tells what is kept here: it counts like what the session itself holds.
    private func hold() { core.heldBeside = replay.bytes + waitingBytes }

    private var waitingBytes: Int { waiting.reduce(0) { $0 + $1.message.payload.readableBytes } }

    // MARK: Up

    /// What becomes of a message that came as a POST.
    func post(_ message: Message, number: UInt64?, _ exchange: any HTTPExchange) {
        switch order(number) {
        case .next: break
        case .repeated: return Self.accept(exchange)
        case .waiting: return Self.full(exchange)
        case .wrong(let why):
            return Problem(status: .conflict, title: "Out of order", detail: why).answer(exchange)
        }
        guard !isOver, !core.machine.outbox.isClosing else { return Self.over(exchange) }
        if waiting.isEmpty, core.offer(message) {
            count(number)
            return Self.accept(exchange)
        }
        guard waiting.count < Self.waitingLimit, mayWait(message) else { return Self.full(exchange) }
        // A numbered message that waits must be followed by the next number, so it counts as it is taken in.
        count(number)
        waitingIDs += 1
        let (id, peer) = (waitingIDs, NIOLoopBound(self, eventLoop: core.eventLoop))
        let timeout = core.eventLoop.scheduleTask(in: heartbeat) { peer.value.waitedTooLong(id) }
        waiting.append(Waiting(message: message, exchange: exchange, timeout: timeout, id: id))
        hold()
        core.machine.waitForRoom()
        core.settleSoon()
    }

    /// One message may wait however great it is, several together where they take no more than a window.
    private func mayWait(_ message: Message) -> Bool {
        waiting.isEmpty
            || waitingBytes + message.payload.readableBytes <= core.machine.configuration.receiveWindow
    }

    private enum Order {
        case next
        case repeated
        /// It came before, and may still be refused.
        case waiting
        case wrong(String)
    }

    private func order(_ number: UInt64?) -> Order {
        guard let number else {
            guard let lastNumber, lastNumber > 0 else { return .next }
            return .wrong("This session's messages are numbered; the next is Longwire-Number: \(lastNumber + 1).")
        }
        guard let lastNumber, !hasUnnumbered else {
            return .wrong("This session's messages came without numbers; go on without Longwire-Number.")
        }
        if number == 0 { return .wrong("Numbers begin with 1.") }
        if number <= lastNumber { return number > lastNumber - UInt64(waiting.count) ? .waiting : .repeated }
        return number == lastNumber + 1 ? .next : .wrong("Number \(number) came, and \(lastNumber + 1) is next.")
    }

    private func count(_ number: UInt64?) {
        if let number { lastNumber = number } else { hasUnnumbered = true }
    }

    func sendable(in core: SessionCore) {
        while let first = waiting.first, core.offer(first.message) {
            waiting.removeFirst()
            first.timeout.cancel()
            Self.accept(first.exchange)
        }
        hold()
        if !waiting.isEmpty { core.machine.waitForRoom() }
    }

    /// The newest of those that wait goes first, so that no number is left out in the middle.
    private func waitedTooLong(_ id: UInt64) {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
        let late = waiting[index...]
        waiting.removeSubrange(index...)
        hold()
        core.settleSoon()
        if let number = lastNumber, !hasUnnumbered { lastNumber = number - UInt64(late.count) }
        for entry in late {
            entry.timeout.cancel()
            Self.full(entry.exchange)
        }
    }

    /// The client's termination message.
    func close() { core.close(.done, reason: "") }

    private static func accept(_ exchange: any HTTPExchange) {
        exchange.write(head: HTTPResponse(status: .noContent, headerFields: [.cacheControl: "no-store"]))
        exchange.finish()
    }

    private static func full(_ exchange: any HTTPExchange) {
        Problem(
            status: .tooManyRequests, title: "Full",
            detail: "The servlet has not read what came before; send it again.",
            fields: [.retryAfter: "1"]
        ).answer(exchange)
    }

    private static func over(_ exchange: any HTTPExchange) {
        Problem(status: .gone, title: "Over", detail: "This session has ended.").answer(exchange)
    }

    // MARK: The end

    func peerClosed(_ code: CloseCode, reason: String, in core: SessionCore) {
        isPeerClosing = true
        if !core.machine.inbox.hasMessage { core.close(.done, reason: "") }
    }

    func ended(_ ending: SessionEnding, in core: SessionCore) {
        isOver = true
        absence?.cancel()
        beat?.cancel()
        for entry in waiting {
            entry.timeout.cancel()
            Self.over(entry.exchange)
        }
        waiting = []
        if let downlink {
            var event = ByteBuffer()
            let data = ByteBuffer(
                string: "{\"code\":\(ending.code.rawValue),\"reason\":\(Problem.quoted(ending.reason))}")
            EventStream.write(name: "close", id: id(of: replay.last), data: data.readableBytesView, to: &event)
            downlink.write(event)
            downlink.end()
        }
        downlink = nil
        // Nobody is sent events any more; this peer stays for a while only to say so.
        replay = PlainReplay()
        ended()
    }

    func suspended(in core: SessionCore) {}
    func pathUsed(_ path: UInt64, in core: SessionCore) {}
    func pathOpened(_ path: UInt64, in core: SessionCore) {}
    func pathClosed(_ path: UInt64, end: PathEnd, in core: SessionCore) {}
    func rotationDue(_ path: UInt64, in core: SessionCore) {}
    func going(_ code: CloseCode, in core: SessionCore) { core.close(.done, reason: "") }
}
