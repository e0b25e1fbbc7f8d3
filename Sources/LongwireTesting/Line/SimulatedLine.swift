internal import LongwireProtocol
internal import NIOCore

/// One transaction that streams, from the client's path to a server process: bytes in order, or not at all.
final class SimulatedLine {
    /// One of the two ways.
    struct Way {
        /// When what was written last arrives.
        var arrivesAt: NIODeadline
        /// Written and not arrived.
        var inFlight = 0
        /// The sender found no room and is told when there is some.
        var isSenderWaiting = false
        /// The sender has ended this way.
        var isEnded = false
    }

    let path: UInt64
    let transport: TransportKind
    let process: Int
    let latency: TimeAmount
    /// Bytes a second.
    let bandwidth: Int64
    /// How likely a write arrives in pieces.
    let chunking: Double
    var up: Way
    var down: Way
    /// Nothing passes any more.
    var isCut = false

    // The client's end.
    var clientDecoder: FrameDecoder
    // The server's end.
    var serverDecoder: FrameDecoder
    var session: SimulatedSession?
    var hasOpen = false
    /// A request that a proxy sent again: nobody hears its answer.
    var isEcho = false

    // The uplink as rule 8 sees it.
    private(set) var written: UInt64 = 0
    private(set) var read: UInt64 = 0
    private(set) var pieces = CircularBuffer<UInt64>()
    /// Arrived in the server's socket and not read by the process.
    var socketUnread = 0
    var socketReadAt: NIODeadline
    /// The web server's write failed with EAGAIN once: it never tries again.
    var isStalled = false

    init(
        path: UInt64, transport: TransportKind, process: Int, latency: TimeAmount, bandwidth: Int64,
        chunking: Double, checksum: Bool, now: NIODeadline
    ) {
        self.path = path
        self.transport = transport
        self.process = process
        self.latency = latency
        self.bandwidth = bandwidth
        self.chunking = chunking
        up = Way(arrivesAt: now)
        down = Way(arrivesAt: now)
        clientDecoder = FrameDecoder(checksum: checksum)
        serverDecoder = FrameDecoder(checksum: checksum)
        socketReadAt = now
    }

    func wrote(_ count: Int) {
        written += UInt64(count)
        pieces.append(written)
    }

    func wasRead(_ count: Int) {
        read += UInt64(count)
        while let first = pieces.first, first <= read { pieces.removeFirst() }
    }

    /// When `count` bytes written now arrive.
    func arrival(_ count: Int, isUp: Bool, now: NIODeadline) -> NIODeadline {
        let before = isUp ? up.arrivesAt : down.arrivesAt
        let transfer = TimeAmount.nanoseconds(Int64(count) * 1_000_000_000 / bandwidth)
        let time = max(before, now + latency) + transfer
        if isUp { up.arrivesAt = time } else { down.arrivesAt = time }
        return time
    }
}
