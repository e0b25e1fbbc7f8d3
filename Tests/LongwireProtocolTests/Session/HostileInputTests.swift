import LongwireTesting
import NIOCore
import Testing

@testable import LongwireProtocol

/// Seeded rubbish: changed bytes for the decoder, any frames and operations for the machine.
///
/// Nothing may trap.
@Suite("Hostile input")
struct HostileInputTests {
    // R: B4
    @Test("Changed bytes give frames or an error, the same in one piece as in many", arguments: 1...8)
    func bytes(worker: Int) {
        let samples = FrameSamples.encoded(FrameSamples.all.filter { FrameSamples.encoded([$0]).readableBytes < 500 })
        var random = SeededGenerator(seed: UInt64(worker))
        for _ in 0..<2000 {
            var bytes = Array(samples.readableBytesView)
            for _ in 0...Int.random(in: 0...4, using: &random) {
                let index = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
                }
            }
            let whole = decode(bytes, piece: bytes.count)
            let pieces = decode(bytes, piece: Int.random(in: 1...50, using: &random))
            #expect(whole.frames == pieces.frames && whole.error == pieces.error)
        }
    }

    private func decode(_ bytes: [UInt8], piece: Int) -> (frames: [Frame], error: FrameError?) {
        var decoder = FrameDecoder()
        var frames: [Frame] = []
        var rest = bytes[...]
        do {
            while !rest.isEmpty {
                decoder.append(ByteBuffer(bytes: rest.prefix(piece)))
                rest = rest.dropFirst(piece)
                while let frame = try decoder.next() { frames.append(frame) }
                decoder.readCompleted()
            }
            return (frames, nil)
        } catch {
            return (frames, error)
        }
    }

    @Test("Any frames and operations leave a machine whole, bounded and with time that moves", arguments: 1...8)
    func operations(worker: Int) {
        for round in 0..<400 {
            var random = SeededGenerator(seed: UInt64(worker * 1000 + round))
            var run = HostileRun(role: random.chance(0.5) ? .client : .server, random: random)
            for _ in 0..<60 { run.step() }
            #expect(run.failure == nil)
        }
    }
}

/// One machine under any operations.
private struct HostileRun: ~Copyable {
    private var machine: SessionMachine
    private var random: SeededGenerator
    private var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    private(set) var failure: String?

    init(role: SessionMachine.Role, random: SeededGenerator) {
        self.random = random
        machine = SessionMachine(
            role: role, configuration: SessionConfiguration(), identifier: FrameSamples.identifier,
            token: FrameSamples.token, instance: role == .server ? FrameSamples.instance : nil, now: now)
    }

    private mutating func number() -> UInt64 {
        switch UInt64.random(in: 0...9, using: &random) {
        case 0: return VarInt.maximum
        case 1: return VarInt.maximum - UInt64.random(in: 0...100, using: &random)
        case 2: return 1 << UInt64.random(in: 0...61, using: &random)
        default: return UInt64.random(in: 0...6, using: &random)
        }
    }

    private mutating func payload() -> ByteBuffer {
        ByteBuffer(repeating: 65, count: Int.random(in: 0...20, using: &random))
    }

    private mutating func frame() -> Frame {
        switch Int.random(in: 0...10, using: &random) {
        case 0: .ack(AckFrame(received: number(), limit: number(), extra: number()))
        case 1: .numbered(NumberedFrame(number: number(), content: .message(payload())))
        case 2: .numbered(NumberedFrame(number: number(), content: .text(payload())))
        case 3: .numbered(NumberedFrame(number: number(), content: .fragment(payload())))
        case 4: .numbered(NumberedFrame(number: number(), content: .close(CloseCode(rawValue: number()), reason: "")))
        case 5: .ping(PingPayload(bytes: number(), count: 8))
        case 6: .pong(PingPayload(bytes: number(), count: 4))
        case 7: .going(CloseCode(rawValue: number()))
        case 8: .abort(AbortFrame(received: number(), code: CloseCode(rawValue: number()), reason: "x"))
        case 9: .open(open(path: number()))
        default:
            .opened(
                OpenedFrame(
                    identifier: FrameSamples.identifier, instance: SessionInstance(rawValue: number()),
                    received: number(), limit: number(),
                    allowance: AllowanceLimit(bytes: number(), pieces: number()), heartbeat: number(),
                    resumeTime: number(), greatestAge: number(), greatestSize: number()))
        }
    }

    private mutating func open(path: UInt64) -> OpenFrame {
        let transport = TransportKind(rawValue: UInt64.random(in: 1...6, using: &random)) ?? .duplex
        return OpenFrame(
            transport: transport, path: path, identifier: FrameSamples.identifier, token: nil,
            instance: random.chance(0.5) ? nil : machine.instance, using: number(), received: number(), limit: number())
    }

    mutating func step() {
        let path = UInt64.random(in: 0...4, using: &random)
        switch Int.random(in: 0...15, using: &random) {
        case 0...4:
            machine.bytesReceived(Int.random(in: 0...70_000, using: &random), on: path, now: now)
            machine.frameReceived(frame(), on: path, now: now)
            machine.readCompleted()
        case 5: _ = machine.openPath(TransportKind(rawValue: path + 1) ?? .duplex, now: now)
        case 6: _ = machine.attach(open(path: max(path, 1)), now: now)
        case 7: _ = machine.offer(Message(payload()))
        case 8: _ = machine.take(now: now)
        case 9: wait()
        case 10: machine.pathLost(path, now: now)
        case 11: machine.requestFailed(number(), on: path, now: now)
        case 12: machine.requestAnswered(number(), on: path, now: now)
        case 13: machine.requestHeld(number(), on: path, now: now)
        case 14 where random.chance(0.2): machine.close(code: .done, reason: "", now: now)
        case 14: machine.inputUnreadable(on: path, reason: "", now: now)
        default:
            if random.chance(0.1) { machine.finish(code: .done, reason: "", now: now) }
            machine.responseEnded(on: path, now: now)
        }
        pull()
        while machine.nextEvent() != nil {}
    }

    private mutating func pull() {
        for path in 1...6 as ClosedRange<UInt64> {
            var rounds = 0
            while rounds < 1000 {
                var control = ByteBuffer()
                let data = machine.transmit(on: path, control: &control, maxBytes: 65536, now: now)
                if data == nil, control.readableBytes == 0 { break }
                rounds += 1
            }
            while rounds < 1000, machine.nextRequest(on: path, now: now) != nil { rounds += 1 }
            while rounds < 1000, machine.nextAnswer(on: path, now: now) != nil { rounds += 1 }
            if rounds >= 1000 { failure = "what is to be sent never ends" }
        }
    }

    private mutating func wait() {
        now = now + .milliseconds(Int64.random(in: 0...60_000, using: &random))
        machine.deadlineReached(now: now)
        pull()
        var rounds = 0
        while let deadline = machine.nextDeadline(now: now), deadline <= now, rounds < 20 {
            machine.deadlineReached(now: now)
            pull()
            rounds += 1
        }
        if rounds >= 20 { failure = "a deadline stays in the past" }
    }
}
