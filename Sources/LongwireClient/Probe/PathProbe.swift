internal import LongwireProtocol
internal import LongwireSession
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix

/// Tries the transports to one servlet one after the other.
struct PathProbe {
    private let url: String
    private let dialer: Dialer
    private let configuration: ClientConfiguration
    private let watching: TimeAmount
    private let seen: NIOLockedValueBox<SeenOnTheWay>
    /// Where the server offered bare TCP to one of the sessions.
    private let offered = NIOLockedValueBox<DirectTCP?>(nil)
    private let group = MultiThreadedEventLoopGroup.singleton

    /// A transport that does not open within this time, or the configuration's, is said not to work.
    private static let timeToOpen = TimeAmount.seconds(3)
    private static let pings = 5
    /// How long one PING may take, and the end of a session.
    private static let patience = TimeAmount.seconds(2)

    init(url: String, endpoint: Endpoint, configuration: ClientConfiguration, watching: TimeAmount) throws {
        self.url = url
        self.watching = watching
        let seen = NIOLockedValueBox(SeenOnTheWay())
        self.seen = seen
        var configuration = configuration
        configuration.onResponseHead = { response in seen.withLockedValue { $0.add(response) } }
        configuration.onChange = nil
        configuration.promotionInterval = .zero
        self.configuration = configuration
        dialer = try Dialer(endpoint: endpoint, configuration: configuration)
    }

    func run() async throws -> PathReport {
        var report = PathReport(url: url)
        report.proxy = dialer.route.proxy?.place
        if case .tunnel = dialer.route { report.isTunnel = true }
        // The others may be told by the server where bare TCP is.
        let transports = configuration.transports
        for transport in transports.filter({ $0 != .tcp }) { report.lines.append(try await line(transport)) }
        if let place = transports.firstIndex(of: .tcp) { report.lines.insert(try await tcpLine(), at: place) }
        try await choose(&report)
        if watching > .zero { await watch(&report) }
        let seen = seen.withLockedValue { $0 }
        report.tls = seen.tls
        report.seen = seen.names
        report.isHTTP10 = seen.isHTTP10
        return report
    }

    /// A session over some of the transports, with nothing remembered.
    private func open(
        _ transports: [TransportKind], _ change: (inout ClientConfiguration) -> Void = { _ in }
    ) async throws -> (session: Session, time: TimeAmount) {
        var configuration = configuration
        configuration.transports = transports
        if configuration.directTCP == nil {
            configuration.directTCP = offered.withLockedValue { $0 }
            configuration.isDirectOffered = true
        }
        change(&configuration)
        let begin = NIODeadline.now()
        let client = Longwire(group: group)
        let session = try await client.connect(url, configuration: configuration)
        let time = NIODeadline.now() - begin
        if let place = client.memory.offered(by: dialer) { offered.withLockedValue { $0 = place } }
        return (session, time)
    }

    // MARK: One transport

    /// Why bare TCP is not tried, which says nothing of the way.
    private static let notOffered = "the server offers none, and no port was named"

    private func tcpLine() async throws -> PathReport.Line {
        guard configuration.directTCP != nil || offered.withLockedValue({ $0 }) != nil else {
            var line = PathReport.Line(transport: .tcp)
            line.failure = Self.notOffered
            return line
        }
        return try await line(.tcp)
    }

    private func line(_ transport: TransportKind) async throws -> PathReport.Line {
        var line = PathReport.Line(transport: transport)
        do {
            seen.withLockedValue { $0.wantsLength = false }
            try await measure(&line)
            line.needsLength = seen.withLockedValue { $0.wantsLength }
        } catch let error as ConnectError {
            guard !error.isAboutTheWay || transport == .tcp || transport == .websocket else { throw error }
            line.failure = error.description
            if transport == .duplex, error.kind == .timedOut {
                line.failure = await UplinkTrial.run(dialer, on: group)
                try? await measure(&line) { $0.declaresLength = true }
                if line.timeToOpen != nil { (line.failure, line.needsLength) = (nil, true) }
            }
            if transport == .stream, error.kind == .timedOut {
                line.failure = "responses are held back: nothing of one came before its end"
            }
        }
        return line
    }

    private func measure(
        _ line: inout PathReport.Line, _ change: (inout ClientConfiguration) -> Void = { _ in }
    ) async throws {
        let (session, time) = try await open([line.transport]) {
            $0.session.timeToOpen = min($0.session.timeToOpen, Self.timeToOpen)
            change(&$0)
        }
        line.timeToOpen = time
        line.roundTrip = await roundTrip(session)
        await end(session)
    }

    private func roundTrip(_ session: Session) async -> TimeAmount? {
        var times: [TimeAmount] = []
        for _ in 0..<Self.pings {
            guard let time = await session.ping(within: Self.patience) else { break }
            times.append(time)
        }
        return times.isEmpty ? nil : times.sorted()[times.count / 2]
    }

    /// Closes a session in good order, or else at once.
    private func end(_ session: Session) async {
        session.beginClose()
        let deadline = NIODeadline.now() + Self.patience
        while await session.status.ending == nil {
            guard NIODeadline.now() < deadline else { return session.abort(.done, reason: "probed") }
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    // MARK: All of them

    private func choose(_ report: inout PathReport) async throws {
        guard report.lines.contains(where: { $0.failure == nil }) else {
            report.reason = "no transport works"
            return
        }
        do {
            let (session, time) = try await open(configuration.transports)
            report.chosen = await session.status.transport
            report.timeToChoose = time
            await end(session)
            let better = report.lines.prefix { $0.transport != report.chosen }
                .filter { $0.failure != Self.notOffered }.map { "\($0.transport)" }
            report.reason =
                better.isEmpty
                ? "it is the best one" : "the best that opens; \(better.joined(separator: " and ")) did not in time"
        } catch let error as ConnectError {
            report.reason = error.description
        }
    }

    /// Leaves a line of each transport that works idle, all at the same time.
    private func watch(_ report: inout PathReport) async {
        report.watched = watching
        let cuts = await withTaskGroup(of: (TransportKind, PathReport.Cut?).self) { tasks in
            for line in report.lines where line.failure == nil {
                tasks.addTask { (line.transport, await watch(line)) }
            }
            return await tasks.reduce(into: [TransportKind: PathReport.Cut]()) { $0[$1.0] = $1.1 }
        }
        for index in report.lines.indices { report.lines[index].cut = cuts[report.lines[index].transport] }
    }

    private func watch(_ line: PathReport.Line) async -> PathReport.Cut? {
        let reason = NIOLockedValueBox<(NIODeadline, String)?>(nil)
        let opened = try? await open([line.transport]) {
            $0.declaresLength = line.needsLength
            $0.onChange = { change in
                guard case .reconnecting(let why) = change else { return }
                reason.withLockedValue { if $0 == nil { $0 = (.now(), why) } }
            }
        }
        guard let session = opened?.session else { return nil }
        let begin = NIODeadline.now()
        while NIODeadline.now() - begin < watching, reason.withLockedValue({ $0 == nil }), !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(50))
        }
        await end(session)
        return reason.withLockedValue { $0 }.map { PathReport.Cut(after: $0.0 - begin, reason: $0.1) }
    }
}

extension Session {
    /// Asks the other side for an answer, and waits for it.
    ///
    /// - Returns: how long it took; nil where none came in time.
    fileprivate func ping(within limit: TimeAmount) async -> TimeAmount? {
        onLoop { core in core.turn { $0.machine.ping() } }
        let deadline = NIODeadline.now() + limit
        while NIODeadline.now() < deadline {
            let time = await withCheckedContinuation { continuation in
                onLoop { continuation.resume(returning: $0.machine.lastPing) }
            }
            if let time { return time }
            try? await Task.sleep(for: .milliseconds(1))
        }
        return nil
    }
}

extension ConnectError {
    /// Whether it says that nothing of HTTP gets there, whichever the transport.
    fileprivate var isAboutTheWay: Bool {
        switch kind {
        case .invalidURL, .nameNotFound, .refused, .tls, .version, .cancelled: true
        case .proxy(.status): isAboutHost
        case .proxy: true
        case .unreachable, .timedOut: isAboutHost
        case .status, .notLongwire, .refusedByServer: false
        }
    }
}
