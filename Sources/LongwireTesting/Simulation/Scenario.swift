internal import LongwireProtocol
internal import NIOCore

/// Everything about a run that its seed decides beforehand.
struct Scenario {
    var configuration = SessionConfiguration()
    var serverConfiguration = SessionConfiguration()
    var client: ApplicationScript
    var server: ApplicationScript
    /// The transports of the client's attempts, in turn.
    var transports: [TransportKind] = [.duplex]
    /// How many attempts are begun at once where none is used.
    var rivals = 1
    var checksum = false
    var processes = 1
    /// How likely a transaction goes to another process than the session's.
    var misrouted = 0.0

    // Faults, until the lines are healthy.
    var healthyAfter = TimeAmount.seconds(40)
    var cut = 0.0
    var lineLifeMilliseconds = 5000
    var silent = 0.3
    var half = 0.2
    var lateOpen = 0.0
    var doubled = 0.0
    var requestLost = 0.0
    var requestUnanswered = 0.0
    var requestTold = 0.5
    var corrupt = 0.0
    var latencyMilliseconds = 1...30
    var requestJitterMilliseconds = 0...20
    var bandwidth: Int64 = 10_000_000
    var chunking = 0.3
    /// The server process reads its sockets only so often.
    var readDelayMilliseconds = 0...0
    /// What a web server's socket to the application takes before its write fails for good; nil: it never does.
    var stallBytes: Int?
    var restartAt: TimeAmount?
    var goingAt: TimeAmount?
    var promotions: [TimeAmount] = []
    /// Nothing but a normal end is right.
    var mustSucceed = true

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        client = Self.script(&random, isServer: false)
        server = Self.script(&random, isServer: true)
        Self.sizes(&random, &configuration)
        Self.sizes(&random, &serverConfiguration)
        transports = random.pick([
            [.duplex], [.duplex], [.stream], [.stream], [.poll], [.poll], [.tcp], [.websocket],
            [.duplex, .stream, .poll], [.poll, .duplex], [.stream, .duplex], [.stream, .poll],
        ])
        if random.chance(0.25) { rivals = random.number(2...3) }
        checksum = random.chance(0.2)
        bandwidth = random.pick([50_000, 1_000_000, 10_000_000, 100_000_000])
        latencyMilliseconds = random.pick([0...0, 1...5, 10...60, 100...400])
        chunking = random.pick([0, 0.3, 0.9])
        readDelayMilliseconds = random.pick([0...0, 0...0, 0...30, 0...200])
        if random.chance(0.25) {
            promotions = (0..<random.number(1...4)).map { _ in .milliseconds(Int64(random.number(100...20_000))) }
        }
        if random.chance(0.2) { configuration.greatestAge = .milliseconds(Int64(random.number(300...8000))) }
        if random.chance(0.2) { configuration.greatestSize = random.number(20_000...400_000) }
        // Faster than a frame arrives, no line can be changed.
        if configuration.greatestAge < .seconds(2) { bandwidth = max(bandwidth, 1_000_000) }
        if client.sizes == .huge || server.sizes == .huge { bandwidth = max(bandwidth, 1_000_000) }
        faults(&random)
        endings(&random)
        if mustSucceed {
            serverConfiguration.resumeTime = .seconds(900)
            client.endAt = .minutes(60)
            server.endAt = .minutes(60)
        }
    }

    private mutating func faults(_ random: inout SeededGenerator) {
        guard random.chance(0.8) else { return }
        cut = random.pick([0, 0.5, 0.9])
        lineLifeMilliseconds = random.pick([50, 500, 5000, 15_000])
        silent = random.pick([0, 0.3, 0.8])
        half = random.pick([0, 0.3])
        lateOpen = random.pick([0, 0, 0.2])
        doubled = random.pick([0, 0, 0.2])
        requestLost = random.pick([0, 0.05, 0.3])
        requestUnanswered = random.pick([0, 0.05, 0.3])
        requestTold = random.pick([0, 0.5, 1])
        requestJitterMilliseconds = random.pick([0...0, 0...20, 0...3000])
        if random.chance(0.15) {
            stallBytes = 160 * 1024
            readDelayMilliseconds = 0...100
            transports = [.duplex]
            configuration.ignoresAllowance = random.chance(0.5)
        }
        if checksum, random.chance(0.5) {
            corrupt = 0.02
            client.sizes = .large
            server.sizes = .large
            mustSucceed = false
        }
    }

    private mutating func endings(_ random: inout SeededGenerator) {
        if random.chance(0.1) {
            mustSucceed = false
            processes = 2
            misrouted = random.pick([0.05, 0.5])
        }
        if random.chance(0.08) {
            mustSucceed = false
            restartAt = .milliseconds(Int64(random.number(100...30_000)))
        }
        if random.chance(0.1) {
            mustSucceed = false
            serverConfiguration.resumeTime = random.pick([.zero, .seconds(1), .seconds(20)])
        }
        if random.chance(0.05) {
            mustSucceed = false
            client.abortAt = .milliseconds(Int64(random.number(0...20_000)))
        }
        if random.chance(0.05) {
            mustSucceed = false
            server.abortAt = .milliseconds(Int64(random.number(0...20_000)))
        }
        if random.chance(0.05) {
            mustSucceed = false
            if random.chance(0.5) { client.takeEvery = nil } else { server.takeEvery = nil }
        }
        if random.chance(0.08) { goingAt = .milliseconds(Int64(random.number(0...20_000))) }
        // Two that wait for each other's CLOSE come to no end by themselves.
        if client.finish == .answer, server.finish == .answer { client.finish = .close }
        // A side that discards cannot promise to have taken everything, but the end is a normal one.
    }

    private static func script(_ random: inout SeededGenerator, isServer: Bool) -> ApplicationScript {
        let sizes: ApplicationScript.Sizes =
            random.chance(0.03) ? .huge : random.pick([.tiny, .mixed, .mixed, .mixed, .large])
        let count: Int
        switch sizes {
        case .tiny: count = random.number(0...200)
        case .mixed: count = random.number(0...60)
        case .large: count = random.number(0...12)
        case .huge: count = random.number(0...2)
        }
        var script = ApplicationScript(
            seed: random.next(), count: count, sizes: sizes, endAt: .seconds(Int64(random.number(5...200))))
        script.sendEvery = random.pick([.zero, .zero, .milliseconds(5), .milliseconds(300), .seconds(2)])
        script.takeEvery = random.pick([.zero, .zero, .milliseconds(5), .milliseconds(500)])
        script.finish =
            isServer ? random.pick([.close, .finish, .finish, .answer]) : random.pick([.close, .close, .answer])
        script.closeDelay = random.pick([.zero, .zero, .milliseconds(100), .seconds(8), .seconds(30)])
        return script
    }

    private static func sizes(_ random: inout SeededGenerator, _ configuration: inout SessionConfiguration) {
        configuration.receiveWindow = random.pick([16_600, 40_000, 256 * 1024, 1 << 61])
        configuration.sendBuffer = random.pick([16_600, 40_000, 256 * 1024])
        configuration.messageLimit = 1_048_576
        configuration.allowanceBytes = random.pick([16_900, 64 * 1024, 64 * 1024])
        configuration.allowancePieces = random.pick([8, 64, 64, 0])
        configuration.heartbeat = random.pick([.seconds(15), .seconds(15), .seconds(2)])
        configuration.pollHold = configuration.heartbeat
        configuration.heartbeatMode = random.chance(0.3) ? .interval : .silence
        configuration.bundleBytes = random.pick([16_600, 64 * 1024])
        if random.chance(0.1) { configuration.acknowledgeDelay = .zero }
        if random.chance(0.2) { configuration.bundleDelay = .milliseconds(20) }
    }
}
