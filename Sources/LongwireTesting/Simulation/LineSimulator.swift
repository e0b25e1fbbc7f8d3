internal import LongwireProtocol
internal import NIOCore

/// A client and server processes, all of them real machines, over lines that fail, in virtual time, from a seed.
///
/// Overview. The seed decides the scenario (sizes, transports, faults, what both applications do) and, in the run,
/// every delay and every fault. Each side is driven as a real program drives it: bytes through the decoder, frames
/// into the machine, `transmit` until it is empty, one timer. Time is a number that only this simulator moves, to the
/// next event of either side or of a line.
///
/// Function. A run fails when a message is lost, doubled, out of order or not what was sent; when an end is reported
/// that is not true; when memory or the uplink's allowance is exceeded; when nothing ends; when time stands still.
///
/// The lines and servers are in extensions: `LineSimulator+Lines`, `+Client`, `+Server`, `+Oracle`.
package final class LineSimulator {
    enum Event {
        case clientTimer(generation: Int)
        case serverTimer(session: Int, generation: Int)
        case bytesUp(SimulatedLine, ByteBuffer)
        case socketRead(SimulatedLine, ByteBuffer)
        case bytesDown(SimulatedLine, ByteBuffer)
        /// The client's end of the line came to its end; `isClean` as HTTP tells it.
        case endedDown(SimulatedLine, isClean: Bool)
        case endedUp(SimulatedLine)
        case cut(SimulatedLine)
        case requestArrives(SimulatedRequest)
        case responseArrives(SimulatedRequest, ByteBuffer)
        case requestFails(SimulatedRequest)
        case restart
        case going
        case promote
    }

    package let seed: UInt64
    var random: SeededGenerator
    let scenario: Scenario
    var now: NIODeadline
    let startedAt: NIODeadline
    var queue = EventQueue<Event>()
    let client: SimulatedClient
    var servers: [SimulatedServer]
    var sessions: [SimulatedSession] = []
    var failure: String?
    private(set) var events = 0
    var lines = 0
    var tracing: ((String) -> Void)?

    /// A run as the seed says.
    package init(seed: UInt64, tracing: ((String) -> Void)? = nil) {
        self.seed = seed
        self.tracing = tracing
        random = SeededGenerator(seed: seed ^ 0x5eed)
        let scenario = Scenario(seed: seed)
        self.scenario = scenario
        now = .uptimeNanoseconds(1_000_000_000_000)
        startedAt = now
        servers = (0..<scenario.processes).map { SimulatedServer(number: $0) }
        var machine = SessionMachine(
            role: .client, configuration: scenario.configuration, identifier: .random(using: &random),
            token: .random(using: &random), checksum: scenario.checksum, now: now)
        machine.hasOtherTransports = scenario.transports.contains { $0 != .tcp }
        client = SimulatedClient(
            end: SimulatedEnd(
                machine, name: "client", script: scenario.client, expected: scenario.server, now: now),
            home: random.number(0...(scenario.processes - 1)))
    }

    var isHealthy: Bool { now >= startedAt + scenario.healthyAfter }

    /// Whether something happens that only happens until the lines are healthy.
    func fault(_ probability: Double) -> Bool { random.chance(isHealthy ? 0 : probability) }

    func trace(_ text: @autoclosure () -> String) {
        if let tracing { tracing("\((now - startedAt).nanoseconds / 1_000)us \(text())") }
    }

    /// Runs to the end.
    ///
    /// - Returns: what went wrong, or nil.
    package func runBounded() -> String? {
        let limit = startedAt + .hours(3)
        client.dialAt = now
        settleClient()
        if let restartAt = scenario.restartAt { queue.add(.restart, at: startedAt + restartAt) }
        if let goingAt = scenario.goingAt { queue.add(.going, at: startedAt + goingAt) }
        for promotion in scenario.promotions { queue.add(.promote, at: startedAt + promotion) }
        while failure == nil, let (time, event) = queue.next() {
            guard time <= limit else { break }
            now = max(now, time)
            events += 1
            guard events < 400_000 else { return "\(events) events: this comes to no end" }
            handle(event)
            failure = failure ?? client.end.failure
        }
        if let failure { return failure }
        for session in sessions { if let failure = session.end.failure { return failure } }
        return verdict()
    }

    private func handle(_ event: Event) {
        switch event {
        case .clientTimer(let generation):
            guard generation == client.end.timerGeneration else { return }
            timerFired(client.end)
            settleClient()
        case .serverTimer(let index, let generation):
            let session = sessions[index]
            guard generation == session.end.timerGeneration, !session.isWiped else { return }
            timerFired(session.end)
            settle(session)
        case .bytesUp(let line, let bytes): bytesArriveUp(line, bytes)
        case .socketRead(let line, let bytes): bytesReadUp(line, bytes)
        case .bytesDown(let line, let bytes): bytesArriveDown(line, bytes)
        case .endedDown(let line, let isClean): clientLineEnded(line, isClean: isClean)
        case .endedUp(let line): serverLineEnded(line)
        case .cut(let line): cut(line)
        case .requestArrives(let request): requestArrived(request)
        case .responseArrives(let request, let body): responseArrived(request, body)
        case .requestFails(let request): requestFailed(request)
        case .restart: restart()
        case .going:
            for session in sessions where !session.isOver {
                session.end.machine.going(code: .goingAway)
                settle(session)
            }
        case .promote:
            dial()
            settleClient()
        }
    }

    private func timerFired(_ end: SimulatedEnd) {
        end.timerAt = nil
        end.timersAtOnce = end.firedAt == now ? end.timersAtOnce + 1 : 0
        end.firedAt = now
        if end.timersAtOnce > 5 { end.fail("its timer fires again and again at one time") }
        if let deadline = end.machine.nextDeadline(now: now), deadline <= now {
            end.machine.deadlineReached(now: now)
        }
    }

    /// Arms the one timer of an end.
    func arm(_ end: SimulatedEnd, also other: NIODeadline? = nil, _ event: (Int) -> Event) {
        let times = [end.machine.nextDeadline(now: now), end.applicationDeadline(now: now), other].compactMap { $0 }
        guard let next = times.min() else {
            end.timerGeneration += 1
            end.timerAt = nil
            return
        }
        guard next != end.timerAt else { return }
        end.timerGeneration += 1
        end.timerAt = next
        queue.add(event(end.timerGeneration), at: max(next, now))
    }
}
