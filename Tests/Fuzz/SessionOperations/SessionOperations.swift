import CLibFuzzer
@testable import LongwireProtocol
import NIOCore

/// Any operations of an application, a clock and a hostile client against the server's machine: no trap, no endless
/// output, no timer that never moves.
@_cdecl("SessionOperations_main")
func sessionOperations(_ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    var argc = argc
    var argv = argv
    return LLVMFuzzerRunDriver(&argc, &argv) { data, size in
        var run = Run(Script(Array(UnsafeBufferPointer(start: data, count: size))))
        run.all()
        return 0
    }
}

/// The fuzzer's bytes, read as choices; at their end everything is 0.
private struct Script {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

    var isOver: Bool { bytes.isEmpty }

    mutating func byte() -> UInt8 { bytes.popFirst() ?? 0 }

    /// Small numbers mostly, and sometimes those at the edges of 62 bits.
    mutating func number() -> UInt64 {
        let first = byte()
        switch first {
        case 255: return (1 << 62) - 1
        case 254: return (1 << 62) - 1 - UInt64(byte())
        case 253: return 1 << (UInt64(byte()) % 62)
        case 200...252: return UInt64(first) << 8 | UInt64(byte())
        default: return UInt64(first)
        }
    }

    mutating func buffer() -> ByteBuffer { ByteBuffer(bytes: (0..<byte()).map { _ in byte() }) }
}

private struct Run: ~Copyable {
    private var script: Script
    private var machine: SessionMachine
    private var decoder = FrameDecoder()
    private var now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private let identifier: SessionIdentifier?

    init(_ script: Script) {
        self.script = script
        var bytes = ByteBuffer(repeating: 7, count: 48)
        identifier = SessionIdentifier(bytes: &bytes)
        let token = SessionToken(bytes: &bytes)
        guard let identifier, let token else {
            // safe: the sizes are constants; without a session there is nothing to try.
            fatalError("no session")
        }
        machine = SessionMachine(
            role: .server, configuration: SessionConfiguration(), identifier: identifier, token: token,
            instance: SessionInstance(rawValue: 9), now: now)
    }

    mutating func all() {
        while !script.isOver {
            step()
            while machine.nextEvent() != nil {}
        }
    }

    private mutating func step() {
        let path = script.number()
        switch script.byte() % 12 {
        case 0: attach(path)
        case 1: raw(path)
        case 2, 3, 4: frame(path)
        case 5: _ = machine.offer(Message(kind: .bytes, payload: script.buffer()))
        case 6: _ = machine.take(now: now)
        case 7, 8: transmit(path)
        case 9: time()
        case 10: machine.pathLost(path, now: now)
        default: end()
        }
    }

    private mutating func attach(_ path: UInt64) {
        let transport = TransportKind(rawValue: UInt64(script.byte() % 7)) ?? .duplex
        let open = OpenFrame(
            transport: transport, path: path, identifier: identifier, token: machine.token,
            instance: script.byte() % 3 == 0 ? nil : machine.instance, using: script.number(),
            received: script.number(), limit: script.number())
        _ = machine.attach(open, now: now)
    }

    private mutating func raw(_ path: UInt64) {
        let bytes = script.buffer()
        machine.bytesReceived(bytes.readableBytes, on: path, now: now)
        decoder.append(bytes)
        do {
            while let frame = try decoder.next() { machine.frameReceived(frame, on: path, now: now) }
            decoder.readCompleted()
        } catch {
            machine.inputUnreadable(on: path, reason: "\(error)", now: now)
            decoder = FrameDecoder()
        }
        machine.readCompleted()
    }

    private mutating func frame(_ path: UInt64) {
        let frame: Frame
        switch script.byte() % 8 {
        case 0: frame = .ack(AckFrame(received: script.number(), limit: script.number(), extra: script.number()))
        case 1: frame = .numbered(NumberedFrame(number: script.number(), content: .message(script.buffer())))
        case 2: frame = .numbered(NumberedFrame(number: script.number(), content: .fragment(script.buffer())))
        case 3: frame = .numbered(NumberedFrame(number: script.number(), content: .close(.done, reason: "")))
        case 4: frame = .ping(PingPayload(bytes: script.number(), count: script.byte() % 9))
        case 5: frame = .pong(PingPayload(bytes: script.number(), count: script.byte() % 9))
        case 6: frame = .abort(AbortFrame(received: script.number(), code: .goingAway, reason: "x"))
        default: frame = .going(.goingAway)
        }
        machine.frameReceived(frame, on: path, now: now)
        machine.readCompleted()
    }

    private mutating func transmit(_ path: UInt64) {
        var control = ByteBuffer()
        let room = Int(clamping: script.number())
        var rounds = 0
        while machine.transmit(on: path, control: &control, maxBytes: room, now: now) != nil {
            rounds += 1
            // safe: output without end is the find this program looks for.
            guard rounds < 10_000 else { fatalError("transmit does not come to an end") }
        }
    }

    private mutating func time() {
        now = now + .milliseconds(Int64(clamping: script.number() % 100_000))
        machine.deadlineReached(now: now)
        var rounds = 0
        while let deadline = machine.nextDeadline(now: now), deadline <= now {
            rounds += 1
            // safe: a timer that is due for ever is the find this program looks for.
            guard rounds < 100 else { fatalError("a deadline stays in the past") }
            machine.deadlineReached(now: now)
        }
    }

    private mutating func end() {
        switch script.byte() % 3 {
        case 0: machine.close(code: .done, reason: "", now: now)
        case 1: machine.finish(code: .done, reason: "", now: now)
        default: machine.abort(code: .internalError, reason: "", now: now)
        }
    }
}
