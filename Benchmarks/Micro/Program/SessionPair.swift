import NIOCore

@testable import LongwireProtocol

/// A client's and a server's machine on one path, joined by bytes that arrive at once.
final class SessionPair {
    var client: SessionMachine
    var server: SessionMachine
    var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    private let path: UInt64
    private var above = FrameDecoder()
    private var below = FrameDecoder()

    init(_ transport: TransportKind) {
        let token = SessionToken.random()
        let identifier = SessionIdentifier(high: 1, low: 2)
        client = SessionMachine(
            role: .client, configuration: SessionConfiguration(), identifier: identifier, token: token, now: now)
        server = SessionMachine(
            role: .server, configuration: SessionConfiguration(), identifier: identifier, token: token,
            instance: SessionInstance(rawValue: 3), now: now)
        path = must(client.openPath(transport, now: now), "no path")
    }

    // MARK: Streamed

    /// Opens the path.
    func exchange() {
        for _ in 0..<4 {
            up()
            down()
        }
    }

    func up() {
        while let bytes = Self.pull(&client, path, now) {
            server.bytesReceived(bytes.readableBytes, on: path, now: now)
            arrived(bytes)
        }
        while client.nextEvent() != nil {}
    }

    func down() {
        while let bytes = Self.pull(&server, path, now) { cameDown(bytes) }
        while server.nextEvent() != nil {}
    }

    private static func pull(_ machine: inout SessionMachine, _ path: UInt64, _ now: NIODeadline) -> ByteBuffer? {
        var control = ByteBuffer()
        let data = machine.transmit(on: path, control: &control, maxBytes: 64 * 1024, now: now)
        if var data { control.writeBuffer(&data) }
        return control.readableBytes > 0 ? control : nil
    }

    // MARK: In requests

    func request() {
        let request = must(client.nextRequest(on: path, now: now), "no request is due")
        arrived(request.body)
        server.requestHeld(request.transaction, on: path, now: now)
        while client.nextEvent() != nil {}
    }

    func answer() {
        let answer = must(server.nextAnswer(on: path, now: now), "no answer is due")
        cameDown(answer.body)
        client.requestAnswered(answer.transaction, on: path, now: now)
        while server.nextEvent() != nil {}
    }

    // MARK: Arriving

    private func arrived(_ bytes: ByteBuffer) {
        above.append(bytes)
        while let frame = (try? above.next()) ?? nil {
            if case .open(let open) = frame {
                _ = server.attach(open, now: now)
            } else {
                server.frameReceived(frame, on: path, now: now)
            }
        }
        above.readCompleted()
        server.readCompleted()
    }

    private func cameDown(_ bytes: ByteBuffer) {
        client.bytesReceived(bytes.readableBytes, on: path, now: now)
        below.append(bytes)
        while let frame = (try? below.next()) ?? nil { client.frameReceived(frame, on: path, now: now) }
        below.readCompleted()
        client.readCompleted()
    }
}
