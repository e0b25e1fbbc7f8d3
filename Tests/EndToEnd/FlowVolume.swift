import LongwireClient
import LongwireServer
import LongwireTransport
import NIOCore
import TestSupport

/// What a side sends, and how it reads.
struct FlowPlan: Sendable {
    /// Bytes sent by each side.
    var bytes: Int
    /// The sizes of messages.
    var sizes: ClosedRange<Int>
    var seed: UInt64
    /// How often each side stops reading, on average once in so many messages; 0: never.
    var stopsOnceIn: Int
    /// For how long, in milliseconds.
    var stops: ClosedRange<Int>

    /// As text, for a process of its own.
    var text: String {
        "\(bytes) \(sizes.lowerBound) \(sizes.upperBound) \(seed) \(stopsOnceIn) \(stops.lowerBound) \(stops.upperBound)"
    }

    init(bytes: Int, sizes: ClosedRange<Int>, seed: UInt64, stopsOnceIn: Int, stops: ClosedRange<Int>) {
        self.bytes = bytes
        self.sizes = sizes
        self.seed = seed
        self.stopsOnceIn = stopsOnceIn
        self.stops = stops
    }

    init?(_ text: String) {
        let numbers = text.split(separator: " ").compactMap { Int($0) }
        guard numbers.count == 7, let seed = UInt64(exactly: numbers[3]) else { return nil }
        self.init(
            bytes: numbers[0], sizes: numbers[1]...numbers[2], seed: seed, stopsOnceIn: numbers[4],
            stops: numbers[5]...numbers[6])
    }
}

/// Sends a stream of random bytes in messages of random sizes, and takes another: both with their digests.
enum FlowVolume {
    struct Outcome: Sendable {
        /// The digest of what this side sent.
        var sent: String
        /// The digest of what came.
        var received: String
        /// What the other side says it sent.
        var told: String
        var stops: Int
    }

    static func run(_ session: Session, _ plan: FlowPlan, isServer: Bool) async throws -> Outcome {
        async let sending = send(session, plan, seed: plan.seed &* 2 &+ (isServer ? 1 : 0))
        var outcome = try await receive(session, plan, seed: plan.seed &* 3 &+ (isServer ? 1 : 0))
        outcome.sent = try await sending
        return outcome
    }

    @concurrent
    private static func send(_ session: Session, _ plan: FlowPlan, seed: UInt64) async throws -> String {
        var random = FlowRandom(seed: seed)
        // Messages are slices of this at random places: making a GiB of random bytes would be most of the work.
        let poolSize = 1 << 20
        var pool = ByteBuffer()
        while pool.readableBytes < poolSize + plan.sizes.upperBound { pool.writeInteger(random.next()) }
        var digest = SHA256()
        var left = plan.bytes
        while left > 0 {
            let size = min(left, Int.random(in: plan.sizes, using: &random))
            let start = Int.random(in: 0..<poolSize, using: &random)
            guard let message = pool.getSlice(at: start, length: size) else { continue }
            message.withUnsafeReadableBytes { digest.update($0) }
            try await session.send(message)
            left -= size
        }
        let hex = digest.hex()
        try await session.send("sent \(hex)")
        return hex
    }

    @concurrent
    private static func receive(_ session: Session, _ plan: FlowPlan, seed: UInt64) async throws -> Outcome {
        var random = FlowRandom(seed: seed)
        var digest = SHA256()
        var stops = 0
        var messages = session.messages.makeAsyncIterator()
        while let message = try await messages.next() {
            if message.kind == .text {
                return Outcome(
                    sent: "", received: digest.hex(), told: String(message.text.dropFirst("sent ".count)), stops: stops)
            }
            message.payload.withUnsafeReadableBytes { digest.update($0) }
            if plan.stopsOnceIn > 0, Int.random(in: 0..<plan.stopsOnceIn, using: &random) == 0 {
                stops += 1
                try await Pace.idle(.milliseconds(Int.random(in: plan.stops, using: &random)))
            }
        }
        throw ServletFailure(CloseCode(rawValue: 1997), reason: "the stream ended early")
    }

    /// The server's side: says what it received, or fails when that is not what was sent.
    static func servlet(_ plan: FlowPlan) -> FlowServlet {
        FlowServlet(runs: .anywhere) { session in
            let outcome = try await run(session, plan, isServer: true)
            guard outcome.received == outcome.told else {
                throw ServletFailure(CloseCode(rawValue: 1998), reason: "\(outcome.received) is not \(outcome.told)")
            }
            try await session.send("received \(outcome.received) stops \(outcome.stops)")
        }
    }

    /// The client's side, to the end of the session; a sentence for each thing that is wrong.
    static func client(_ session: Session, _ plan: FlowPlan) async throws -> (problems: [String], stops: Int) {
        let outcome = try await run(session, plan, isServer: false)
        var problems: [String] = []
        if outcome.received != outcome.told { problems.append("down: \(outcome.received) is not \(outcome.told)") }
        var messages = session.messages.makeAsyncIterator()
        let last = try await messages.next()?.text ?? "nothing"
        if !last.hasPrefix("received \(outcome.sent) ") { problems.append("up: \(last), sent \(outcome.sent)") }
        let ending = await session.close()
        if ending.kind != .closed || ending.code != .done { problems.append("\(ending)") }
        let serverStops = last.split(separator: " ").last.flatMap { Int($0) } ?? 0
        return (problems, outcome.stops + serverStops)
    }
}
