import LongwireClient
import LongwireTesting
import NIOCore

/// Everything that a seed decides of a run over real sockets: a value.
struct ChaosRun: Sendable {
    enum Way: String, Sendable {
        case builtIn, nginx
    }

    /// Who ends the session, and how.
    enum Finish: String, Sendable {
        /// The client closes when it has sent all, and takes what still comes.
        case client
        /// The servlet returns when it has sent and taken all.
        case servlet
        /// The servlet returns when it has sent all: what still comes to it is dropped.
        case servletEarly
        case clientAborts, servletAborts
    }

    let seed: UInt64
    /// Tells this run's session from all others, even where bytes are changed.
    var name: String
    var site: ChaosSite.Kind
    var way: Way
    var transports: [TransportKind]
    var finish: Finish
    /// When who aborts does it.
    var abortAt: TimeAmount
    var client: ChaosTalk
    var server: ChaosTalk
    var plan: ChaosPlan
    /// Whether the faults begin before the session is open, or as soon as it is.
    var isFaultyFromTheStart: Bool
    var checksum: Bool
    var configuration: SessionConfiguration
    var promotes: Bool

    /// What can go wrong with a run that only ends well.
    static let kinds: [ChaosPlan.Kind] = [
        .cut, .cut, .reset, .reset, .halfClose, .stall, .stall, .delay, .limit, .refuse, .buffer, .repeat, .swap,
        .answer, .answer,
    ]

    init(seed: UInt64) {
        self.seed = seed
        var random = SeededGenerator(seed: seed)
        name = String(random.next() | 1 << 63, radix: 16)
        site = random.pick(
            [.lasting, .lasting, .lasting, .lasting, .lasting, .small, .small, .small, .short, .none])
        way = random.chance(0.2) ? .nginx : .builtIn
        transports = random.pick([
            [.duplex], [.duplex], [.websocket], [.websocket], [.stream], [.stream], [.poll], [.poll], [.tcp], [.tcp],
            [.tcp, .duplex, .websocket, .stream, .poll], [.duplex, .stream, .poll], [.stream, .poll], [.poll, .duplex],
        ])
        if transports == [.websocket] || transports == [.tcp] { way = .builtIn }
        finish = random.pick(
            [.client, .client, .client, .client, .client, .servlet, .servlet, .servlet, .servletEarly, .clientAborts])
        if finish == .clientAborts, random.chance(0.5) { finish = .servletAborts }
        abortAt = .milliseconds(Int64(random.number(0...800)))
        client = ChaosTalk(&random)
        server = ChaosTalk(&random)
        checksum = random.chance(0.2)
        var kinds = Self.kinds
        // A few kinds at a time: each is then there often enough for others to meet it.
        kinds.shuffle(using: &random)
        kinds = Array(kinds.prefix(random.number(1...5)))
        // Without a checksum changed bytes may arrive, but every end must be one.
        if checksum ? random.chance(0.6) : random.chance(0.03) { kinds += [.corrupt, .corrupt] }
        plan = ChaosPlan(
            seed: random.next(), kinds: kinds, over: .milliseconds(Int64(random.pick([200, 600, 1200]))),
            count: random.chance(0.05) ? 0 : random.number(1...8))
        if random.chance(0.3) {
            let direction = random.pick(ChaosDirection.allCases)
            plan.steps.append(
                ChaosPlan.Step(
                    .bytes(random.number(1...4000), direction), random.pick([.cut(.all), .reset(.all), .reset(.one)])))
        }
        isFaultyFromTheStart = random.chance(0.3)
        configuration = SessionConfiguration()
        promotes = random.chance(0.2)
        configure(&random)
    }

    private mutating func configure(_ random: inout SeededGenerator) {
        configuration.receiveWindow = random.pick([16_600, 40_000, 256 * 1024])
        configuration.sendBuffer = random.pick([16_600, 40_000, 256 * 1024])
        configuration.timeToOpen = .seconds(2)
        configuration.linger = .seconds(1)
        configuration.watchdog = .milliseconds(500)
        configuration.repeatTime = .milliseconds(Int64(random.pick([50, 200])))
        configuration.bundleBytes = random.pick([16_600, 64 * 1024])
        configuration.pollRequests = random.number(1...3)
        configuration.uplinkRequests = random.number(1...4)
        if random.chance(0.2) { configuration.bundleDelay = .milliseconds(5) }
        if random.chance(0.2) { configuration.greatestAge = .seconds(1) }
        if random.chance(0.2) { configuration.acknowledgeDelay = .zero }
    }

    var hasCorruption: Bool { plan.steps.contains { if case .corrupt = $0.fault { true } else { false } } }

    /// Whether what comes is what was sent.
    var isFaithful: Bool { checksum || !hasCorruption }

    /// Whether it may not come about: nginx and the application have faults between them all the time.
    var mayNotOpen: Bool { isFaultyFromTheStart || way == .nginx }

    /// Nothing but a normal end is right.
    var mustSucceed: Bool {
        guard !hasCorruption, site == .lasting || site == .small else { return false }
        return finish != .clientAborts && finish != .servletAborts
    }

    /// For people.
    var summary: String {
        """
        \(transports.map { "\($0)" }.joined(separator: ",")) over \(way), site \(site), \(finish) finishes\
        \(checksum ? ", checksum" : ""), client \(client.count) \(client.sizes), server \(server.count) \
        \(server.sizes), faults from \(isFaultyFromTheStart ? "the start" : "when it is open"):
        \(plan)
        """
    }
}
