#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif
internal import NIOCore

/// One connection through a ``ChaosProxy``: who connected, and the server.
final class ChaosLine {
    enum Kind {
        /// Too little came to tell.
        case unknown
        case http
        case bytes
    }

    let core: ChaosCore
    let number: Int
    let front: any Channel
    private(set) var back: (any Channel)?
    private var upEnd: ChaosEnd?
    private var downEnd: ChaosEnd?
    private(set) lazy var up = ChaosWay(.up, of: self)
    private(set) lazy var down = ChaosWay(.down, of: self)
    private(set) var isOpen = true
    private(set) var kind = Kind.unknown
    private var firstBytes = ByteBuffer()
    private(set) lazy var requests = ChaosRequests(self)
    private(set) lazy var responses = ChaosResponses(self)

    init(core: ChaosCore, number: Int, front: any Channel) {
        self.core = core
        self.number = number
        self.front = front
    }

    func end(_ direction: ChaosDirection) -> ChaosEnd {
        let end = ChaosEnd(self, direction)
        if direction == .up { upEnd = end } else { downEnd = end }
        return end
    }

    func way(_ direction: ChaosDirection) -> ChaosWay { direction == .up ? up : down }

    /// Where bytes of a direction go to.
    func sink(_ direction: ChaosDirection) -> (any Channel)? { direction == .up ? back : front }

    func connected(_ channel: any Channel) {
        guard isOpen else { return channel.close(promise: nil) }
        back = channel
        pump()
    }

    // MARK: Reading

    func mayRead(_ direction: ChaosDirection) -> Bool { isOpen && way(direction).hasRoom }

    func readMore(_ direction: ChaosDirection) { (direction == .up ? upEnd : downEnd)?.readMore() }

    func received(_ bytes: ByteBuffer, _ direction: ChaosDirection) {
        guard isOpen else { return }
        if direction == .up, kind == .unknown {
            firstBytes.writeImmutableBuffer(bytes)
            guard let isHTTP = HTTPMessageHead.mayBegin(firstBytes.readableBytesView) else { return }
            kind = isHTTP ? .http : .bytes
            let all = firstBytes
            firstBytes = ByteBuffer()
            return received(all, .up)
        }
        switch (kind, direction) {
        case (.http, .up): requests.received(bytes)
        case (.http, .down): responses.received(bytes)
        default: way(direction).add(bytes)
        }
    }

    /// One way is at its end.
    func ended(_ direction: ChaosDirection) {
        guard isOpen else { return }
        flushUnsaid(direction)
        way(direction).end()
    }

    /// One of the two connections is gone: the other follows, when what was on its way has gone.
    func closed(_ direction: ChaosDirection, _ closing: ChaosClosing) {
        guard isOpen else { return }
        flushUnsaid(direction)
        way(direction).endLine(closing)
    }

    /// From here on it is another protocol, both ways.
    func becomesBytes() {
        kind = .bytes
        requests.ended()
        responses.release()
    }

    /// What was held for what would have come behind it goes on.
    private func flushUnsaid(_ direction: ChaosDirection) {
        if kind == .http {
            if direction == .up { requests.ended() } else { responses.ended() }
        } else if direction == .up, firstBytes.readableBytes > 0 {
            kind = .bytes
            up.add(firstBytes)
            firstBytes = ByteBuffer()
        }
    }

    // MARK: Faults

    func pump() {
        up.pump()
        down.pump()
    }

    func halfClose(_ direction: ChaosDirection) {
        guard isOpen else { return }
        way(direction).end()
    }

    func close(_ closing: ChaosClosing) {
        guard isOpen else { return }
        isOpen = false
        core.forget(self)
        up.stop()
        down.stop()
        for channel in [front, back] {
            guard let channel else { continue }
            if closing == .reset, let socket = channel as? any SocketOptionProvider {
                // Closing with no time to linger discards what is unsent and sends RST.
                socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in channel.close(promise: nil) }
            } else {
                channel.close(promise: nil)
            }
        }
        (upEnd, downEnd) = (nil, nil)
    }

    /// Answers the request in the server's place, and closes when that could be read.
    func answer(_ status: Int, location: String?) {
        let field = location.map { "Location: \($0)\r\n" } ?? ""
        let text = "HTTP/1.1 \(status) Chaos\r\n\(field)Content-Length: 0\r\nConnection: close\r\n\r\n"
        down.add(ByteBuffer(string: text))
        down.end()
        back?.close(promise: nil)
        let line = NIOLoopBound(self, eventLoop: core.loop)
        core.later(.milliseconds(500)) { line.value.close(.cut) }
    }
}
