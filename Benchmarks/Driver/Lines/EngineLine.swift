internal import NIOCore
internal import NIOHTTP1

/// engine.io over its transport `polling`: one GET always waits, one POST at a time takes what waited meanwhile.
final class EngineLine: EchoLine {
    var load: EchoLoad?
    private let down: HTTPConnection
    private let up: HTTPConnection
    private var target: String
    private var input = ByteBuffer()
    private var status = 0
    private var opened: EventLoopPromise<Void>?
    private var waiting = CircularBuffer<ByteBuffer>()
    private var isPosting = false

    private static let separator: UInt8 = 0x1e
    private static let bundleBytes = 64 * 1024

    private init(_ target: String, down: HTTPConnection, up: HTTPConnection) {
        self.target = target + "?EIO=4&transport=polling"
        self.down = down
        self.up = up
    }

    static func open(port: Int, _ target: String, on loop: any EventLoop) async throws -> NIOLoopBound<any EchoLine> {
        try await loop.flatSubmit {
            HTTPConnection.open(port: port, on: loop).and(HTTPConnection.open(port: port, on: loop))
                .flatMap { down, up in
                    let line = NIOLoopBound(
                        EngineLine(target, down: down.value, up: up.value), eventLoop: loop)
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
        down.request(.GET, target)
    }

    private func failed(_ reason: String) {
        opened?.fail(BenchFailure(reason))
        opened = nil
        load?.failed(reason)
    }

    // MARK: Down

    private func downTold(_ part: HTTPConnection.Part) {
        switch part {
        case .status(let status): self.status = status
        case .body(var bytes):
            if input.readableBytes == 0 { input = bytes } else { input.writeBuffer(&bytes) }
        case .readEnded: break
        case .end:
            guard status == 200 else { return failed("a GET was answered \(status)") }
            let payload = input
            input = ByteBuffer()
            // The next one waits already while this one is read.
            if opened == nil { down.request(.GET, target) }
            take(payload)
            load?.readEnded()
        case .closed: failed("the connection of the GETs was closed")
        }
    }

    private func take(_ payload: ByteBuffer) {
        var payload = payload
        while payload.readableBytes > 0 {
            let end = payload.readableBytesView.firstIndex(of: Self.separator) ?? payload.writerIndex
            guard var packet = payload.readSlice(length: end - payload.readerIndex) else { return }
            if payload.readableBytes > 0 { payload.moveReaderIndex(forwardBy: 1) }
            switch packet.readInteger(as: UInt8.self) {
            case UInt8(ascii: "4"): load?.received(packet)
            case UInt8(ascii: "2"): post(ByteBuffer(string: "3"))
            case UInt8(ascii: "0"): openReceived(String(buffer: packet))
            case UInt8(ascii: "1"): failed("the server closed the session")
            default: break
            }
        }
    }

    private func openReceived(_ text: String) {
        guard let name = text.firstRange(of: "\"sid\":") else { return failed("engine.io gave no session: \(text)") }
        let sid = text[name.upperBound...].drop { $0 == " " || $0 == "\"" }.prefix { $0 != "\"" }
        target += "&sid=\(sid)"
        opened?.succeed()
        opened = nil
        down.request(.GET, target)
    }

    // MARK: Up

    private func upTold(_ part: HTTPConnection.Part) {
        switch part {
        case .status(let status): if status != 200 { failed("a POST was answered \(status)") }
        case .body, .readEnded: break
        case .end:
            isPosting = false
            flush()
        case .closed: failed("the connection of the POSTs was closed")
        }
    }

    func send(_ payload: ByteBuffer) {
        var packet = ByteBuffer()
        packet.reserveCapacity(payload.readableBytes + 1)
        packet.writeInteger(UInt8(ascii: "4"))
        packet.writeImmutableBuffer(payload)
        waiting.append(packet)
    }

    private func post(_ packet: ByteBuffer) {
        waiting.append(packet)
        flush()
    }

    func flush() {
        guard !isPosting, var bundle = waiting.popFirst() else { return }
        isPosting = true
        while let next = waiting.first, bundle.readableBytes + next.readableBytes < Self.bundleBytes {
            bundle.writeInteger(Self.separator)
            bundle.writeImmutableBuffer(next)
            waiting.removeFirst()
        }
        up.request(.POST, target, [("Content-Type", "text/plain;charset=UTF-8")], body: bundle)
    }

    func close() {
        down.close()
        up.close()
    }
}
