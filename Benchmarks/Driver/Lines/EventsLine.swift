internal import NIOCore
internal import NIOHTTP1

/// Server-Sent Events down and POSTs up: one GET, and one POST at a time, which takes what waited meanwhile.
final class EventsLine: EchoLine {
    /// Where it goes, and what a POST holds.
    struct Place: Sendable {
        var port: Int
        /// The target of the GET.
        var events: String
        /// The target and the fields of the POSTs, of what the event `open` said.
        var posts: @Sendable (_ opening: String) -> (String, [(String, String)])
        /// Whether a POST takes a line a message; else one message.
        var isBundled: Bool
    }

    var load: EchoLoad?
    private let place: Place
    private let down: HTTPConnection
    private let up: HTTPConnection
    private var input = ByteBuffer()
    private var event = (name: "", data: ByteBuffer?.none)
    private var opened: EventLoopPromise<Void>?
    private var target = ""
    private var fields: [(String, String)] = []
    private var waiting = CircularBuffer<ByteBuffer>()
    private var isPosting = false

    /// The most that one POST takes.
    private static let bundleBytes = 64 * 1024

    private init(_ place: Place, down: HTTPConnection, up: HTTPConnection) {
        self.place = place
        self.down = down
        self.up = up
    }

    static func open(_ place: Place, on loop: any EventLoop) async throws -> NIOLoopBound<any EchoLine> {
        try await loop.flatSubmit {
            HTTPConnection.open(port: place.port, on: loop)
                .and(HTTPConnection.open(port: place.port, on: loop)).flatMap { down, up in
                    let line = NIOLoopBound(
                        EventsLine(place, down: down.value, up: up.value), eventLoop: loop)
                    let promise = loop.makePromise(of: Void.self)
                    line.value.begin(promise)
                    return promise.futureResult.map { NIOLoopBound(line.value as any EchoLine, eventLoop: loop) }
                }
        }.get()
    }

    private func begin(_ promise: EventLoopPromise<Void>) {
        opened = promise
        down.told = { [unowned self] in downTold($0) }
        up.told = { [unowned self] in upTold($0) }
        down.request(.GET, place.events, [("Accept", "text/event-stream")])
    }

    private func failed(_ reason: String) {
        opened?.fail(BenchFailure(reason))
        opened = nil
        load?.failed(reason)
    }

    // MARK: Down

    private func downTold(_ part: HTTPConnection.Part) {
        switch part {
        case .status(let status): if status != 200 { failed("the GET was answered \(status)") }
        case .body(var bytes):
            if input.readableBytes == 0 { input = bytes } else { input.writeBuffer(&bytes) }
            while let line = nextLine() { take(line) }
        case .readEnded: load?.readEnded()
        case .end, .closed: failed("the stream of events ended")
        }
    }

    private func nextLine() -> ByteBuffer? {
        guard let end = input.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = input.readSlice(length: end - input.readerIndex)
        input.moveReaderIndex(forwardBy: 1)
        return line
    }

    private func take(_ line: ByteBuffer) {
        guard let first = line.getInteger(at: line.readerIndex, as: UInt8.self) else { return dispatch() }
        var line = line
        switch first {
        case UInt8(ascii: "d"):
            line.moveReaderIndex(forwardBy: 6)
            event.data = line
        case UInt8(ascii: "e"): event.name = String(buffer: line)
        default: break
        }
    }

    private func dispatch() {
        defer { event = ("", nil) }
        guard let data = event.data else { return }
        guard event.name.isEmpty else {
            if event.name == "event: open" {
                (target, fields) = place.posts(String(buffer: data))
                opened?.succeed()
                opened = nil
            }
            return
        }
        load?.received(data)
    }

    // MARK: Up

    private func upTold(_ part: HTTPConnection.Part) {
        switch part {
        case .status(let status): if status != 204 { failed("a POST was answered \(status)") }
        case .body, .readEnded: break
        case .end:
            isPosting = false
            flush()
        case .closed: failed("the connection of the POSTs was closed")
        }
    }

    func send(_ payload: ByteBuffer) { waiting.append(payload) }

    func flush() {
        guard !isPosting, var body = waiting.popFirst() else { return }
        isPosting = true
        if place.isBundled {
            var bundle = ByteBuffer()
            bundle.writeBuffer(&body)
            bundle.writeInteger(UInt8(ascii: "\n"))
            while let next = waiting.first, bundle.readableBytes + next.readableBytes < Self.bundleBytes {
                bundle.writeImmutableBuffer(next)
                bundle.writeInteger(UInt8(ascii: "\n"))
                waiting.removeFirst()
            }
            body = bundle
        }
        up.request(.POST, target, fields, body: body)
    }

    func close() {
        down.close()
        up.close()
    }
}
