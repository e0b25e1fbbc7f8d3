import NIOCore

@testable import LongwireProtocol

/// A client's and a server's machine, joined by bytes that arrive at once, for transcripts of single rules.
final class MachinePair {
    var client: SessionMachine
    var server: SessionMachine
    var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    /// What each side said on the wire, oldest first, since ``clear()``.
    private(set) var said: [String] = []
    var clientEvents: [SessionEvent] = []
    var serverEvents: [SessionEvent] = []
    private var decoders: [UInt64: (up: FrameDecoder, down: FrameDecoder)] = [:]
    private var opened: Set<UInt64> = []
    private let checksum: Bool

    init(
        _ configuration: SessionConfiguration = SessionConfiguration(), server: SessionConfiguration? = nil,
        checksum: Bool = false
    ) {
        self.checksum = checksum
        let token = FrameSamples.token
        client = SessionMachine(
            role: .client, configuration: configuration, identifier: FrameSamples.identifier, token: token,
            checksum: checksum, now: now)
        self.server = SessionMachine(
            role: .server, configuration: server ?? configuration, identifier: FrameSamples.identifier, token: token,
            instance: FrameSamples.instance, checksum: checksum, now: now)
    }

    /// A pair on one open path.
    static func open(
        _ transport: TransportKind = .duplex, _ configuration: SessionConfiguration = SessionConfiguration()
    ) -> MachinePair {
        let pair = MachinePair(configuration)
        _ = pair.client.openPath(transport, now: pair.now)
        pair.exchange()
        pair.clear()
        return pair
    }

    func clear() {
        said = []
        clientEvents = []
        serverEvents = []
    }

    /// Lets the time pass, and both timers fire.
    func wait(_ time: TimeAmount) {
        now = now + time
        client.deadlineReached(now: now)
        server.deadlineReached(now: now)
    }

    /// Passes bytes both ways until there are none; `paths` that are missing here lose them.
    func exchange(paths: ClosedRange<UInt64> = 1...99, up: Bool = true, down: Bool = true) {
        var isMoving = true
        while isMoving {
            isMoving = false
            for path in paths {
                if up, let bytes = pull(&client, path) {
                    isMoving = true
                    arriveUp(bytes, path)
                }
                if down, let bytes = pull(&server, path) {
                    isMoving = true
                    arriveDown(bytes, path)
                }
            }
            while let event = client.nextEvent() { clientEvents.append(event) }
            while let event = server.nextEvent() { serverEvents.append(event) }
        }
    }

    func pull(_ machine: inout SessionMachine, _ path: UInt64) -> ByteBuffer? {
        var bytes = ByteBuffer()
        if let data = machine.transmit(on: path, control: &bytes, maxBytes: 64 * 1024, now: now) {
            bytes.writeImmutableBuffer(data)
        }
        return bytes.readableBytes > 0 ? bytes : nil
    }

    private func arriveUp(_ bytes: ByteBuffer, _ path: UInt64) {
        var pair = decoders[path] ?? (FrameDecoder(checksum: checksum), FrameDecoder(checksum: checksum))
        pair.up.append(bytes)
        if opened.contains(path) { server.bytesReceived(bytes.readableBytes, on: path, now: now) }
        while let frame = (try? pair.up.next()) ?? nil {
            note("C\(path)", frame)
            if case .open(let open) = frame, !opened.contains(path) {
                opened.insert(path)
                _ = server.attach(open, now: now)
                server.bytesReceived(bytes.readableBytes, on: path, now: now)
            } else {
                server.frameReceived(frame, on: path, now: now)
            }
        }
        decoders[path] = pair
    }

    private func arriveDown(_ bytes: ByteBuffer, _ path: UInt64) {
        var pair = decoders[path] ?? (FrameDecoder(checksum: checksum), FrameDecoder(checksum: checksum))
        pair.down.append(bytes)
        client.bytesReceived(bytes.readableBytes, on: path, now: now)
        while let frame = (try? pair.down.next()) ?? nil {
            note("S\(path)", frame)
            client.frameReceived(frame, on: path, now: now)
        }
        decoders[path] = pair
    }

    private func note(_ who: String, _ frame: Frame) {
        switch frame {
        case .open: said.append("\(who) OPEN")
        case .opened: said.append("\(who) OPENED")
        case .numbered(let frame):
            switch frame.content {
            case .message: said.append("\(who) MESSAGE \(frame.number)")
            case .text: said.append("\(who) TEXT \(frame.number)")
            case .fragment: said.append("\(who) FRAGMENT \(frame.number)")
            case .close: said.append("\(who) CLOSE \(frame.number)")
            }
        case .ack(let ack): said.append("\(who) ACK \(ack.received)")
        case .ping: said.append("\(who) PING")
        case .pong: said.append("\(who) PONG")
        case .going: said.append("\(who) GOING")
        case .abort(let abort): said.append("\(who) ABORT \(abort.code.rawValue)")
        }
    }

    /// What is left for an application.
    func takeAll(_ machine: inout SessionMachine) -> [String] {
        var texts: [String] = []
        while let message = machine.take(now: now) { texts.append(message.text) }
        return texts
    }
}
