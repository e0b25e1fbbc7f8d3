import LongwireClient
import LongwireProtocol
import LongwireSession
import LongwireTesting
import NIOCore
import NIOPosix
import TestSupport

/// Plays seeded runs one after the other, through proxies of its own.
struct ChaosRunner: Sendable {
    struct Failure: Error, CustomStringConvertible {
        var run: ChaosRun
        var what: String
        var events: [String]

        var description: String {
            """
            seed \(run.seed): \(what)
            \(run.summary)\(events.map { "    \($0)\n" }.joined())\
            repeat with: LONGWIRE_SEED=\(run.seed) swift test --filter ChaosSeeds
            """
        }
    }

    /// What came of a run that is right, for counting.
    enum Outcome: String, Sendable, CaseIterable {
        case closed, aborted, lost, notOpened

        init(_ ending: SessionEnding) {
            switch ending.kind {
            case .closed: self = .closed
            case .aborted: self = .aborted
            case .lost: self = .lost
            }
        }
    }

    /// A bound against hanging: many times what a run takes.
    private static let limit = Duration.seconds(90)

    let site: ChaosSite
    private let proxies = ChaosBox<[Int: ChaosProxy]>([:])
    private let events = ChaosBox<[String]>([])

    init(_ site: ChaosSite) { self.site = site }

    private func proxy(to target: Int) async throws -> ChaosProxy {
        if let proxy = proxies.value[target] { return proxy }
        let events = events
        let proxy = try await ChaosProxy.start(port: FreePort.next(), to: target) { event in
            events.change { if $0.count < 60 { $0.append("\(event)") } }
        }
        proxies.change { $0[target] = proxy }
        return proxy
    }

    func stop() async throws { for proxy in proxies.value.values { try await proxy.stop() } }

    /// - Throws: ``Failure``, or what has nothing to do with the run.
    func play(_ run: ChaosRun) async throws -> Outcome {
        let ports = site.ports(of: run)
        var used = [try await proxy(to: ports.http)]
        let http = used[0].port
        var tcp = http
        if run.transports.contains(.tcp) {
            used.append(try await proxy(to: ports.tcp))
            tcp = used[1].port
        }
        events.set([])
        site.ledger.begin(run)
        defer { site.ledger.end(run.name) }
        for proxy in used { try await proxy.run(run.isFaultyFromTheStart ? run.plan : ChaosPlan(), seed: run.seed) }
        let faulty = used
        let client = ChaosBox(ChaosRecord())
        let conversation = Task {
            try await converse(run, http, tcp, client) {
                guard !run.isFaultyFromTheStart else { return }
                for proxy in faulty { try await proxy.run(run.plan, seed: run.seed, cutting: false) }
            }
        }
        let watchdog = Task {
            try await Pace.idle(Self.limit)
            let state = await state(of: run, client.value)
            conversation.cancel()
            client.value.session?.abort(.internalError)
            site.ledger[run.name]?.server.session?.abort(.internalError)
            return state
        }
        let result = await conversation.result
        watchdog.cancel()
        // One that was not cancelled in time says what hung.
        if let state = try? await watchdog.value { throw failure(run, "no end within \(Self.limit)\n\(state)") }
        let outcome = try result.get()
        if let complaint = await verdict(run, client.value) {
            throw failure(run, "\(complaint)\n\(await state(of: run, client.value))")
        }
        return outcome
    }

    private func failure(_ run: ChaosRun, _ what: String) -> Failure {
        Failure(run: run, what: what, events: events.value)
    }

    private func state(of run: ChaosRun, _ client: ChaosRecord) async -> String {
        let entry = site.ledger[run.name]
        var text = "client: took \(client.taken.count), ended \(client.ending.map { "\($0)" } ?? "not") \(client.note)"
        if let session = client.session { text += "\n  " + (await ChaosRecord.state(of: session)) }
        text += "\nserver: \(entry?.calls.count ?? 0) times called, took \(entry?.server.taken.count ?? 0), ended "
        text += "\(entry?.server.ending.map { "\($0)" } ?? "not") \(entry?.server.note ?? "")"
        if let session = entry?.server.session { text += "\n  " + (await ChaosRecord.state(of: session)) }
        return text
    }

    // MARK: The client's side

    private func configuration(_ run: ChaosRun, tcp: Int) -> ClientConfiguration {
        var configuration = ClientConfiguration()
        configuration.proxy = .none
        configuration.transports = run.transports
        configuration.session = run.configuration
        configuration.checksum = run.checksum
        configuration.connectTimeout = .seconds(2)
        configuration.promotionInterval = run.promotes ? .milliseconds(200) : .zero
        if run.transports.contains(.tcp) { configuration.directTCP = DirectTCP(port: tcp) }
        return configuration
    }

    private func converse(
        _ run: ChaosRun, _ http: Int, _ tcp: Int, _ record: ChaosBox<ChaosRecord>,
        opened: @Sendable () async throws -> Void
    ) async throws -> Outcome {
        let session: Session
        do {
            let client = Longwire(group: MultiThreadedEventLoopGroup.singleton)
            session = try await client.connect(
                "http://127.0.0.1:\(http)/\(run.site)/run?run=\(run.name)",
                configuration: configuration(run, tcp: tcp))
        } catch let error as ConnectError {
            if run.mayNotOpen { return .notOpened }
            throw failure(run, "did not open: \(error)")
        }
        record.change { $0.session = session }
        try await opened()
        if run.finish == .clientAborts {
            session.eventLoop.scheduleTask(in: run.abortAt) { session.abort(CloseCode(rawValue: 1002)) }
        }
        let closes = run.finish == .client || run.finish == .clientAborts
        do {
            try await ChaosSide.talk(
                session, says: run.client, hears: run.server, until: nil, thenClosing: closes
            ) { message in
                record.change { $0.taken.append(message) }
            }
        } catch {
            record.change { $0.note = "\(error)" }
        }
        let ending = closes ? await session.ending : await session.close()
        let numbers = await ChaosRecord.numbers(of: session)
        record.change { record in
            record.ending = ending
            (record.received, record.covered) = numbers
        }
        try await eventually(within: Self.limit * 2, "the server's session ends") {
            site.ledger[run.name]?.calls.allSatisfy { $0.ending != nil } ?? true
        }
        return Outcome(ending)
    }

    // MARK: The oracle

    private func verdict(_ run: ChaosRun, _ client: ChaosRecord) async -> String? {
        guard let entry = site.ledger[run.name] else { return "the ledger lost the run" }
        let server = entry.server
        guard run.isFaithful else { return nil }
        if let wrong = run.server.complaint(about: client.taken, at: "the client") { return wrong }
        if let wrong = run.client.complaint(about: server.taken, at: "the servlet") { return wrong }
        // A client that never heard of its session begins another one; nothing came out of the first.
        for call in entry.calls.dropLast() where !run.mayNotOpen || !call.taken.isEmpty || call.covered > 0 {
            return "the servlet was called \(entry.calls.count) times"
        }
        guard let ending = client.ending else { return nil }
        if ending.covered != client.covered { return "the client's ending names another number" }
        if entry.calls.isEmpty, ending.kind == .closed { return "closed, and no servlet was called" }
        if let theirs = server.ending {
            if client.covered > server.received {
                return "the client counts \(client.covered) as covered, the server has \(server.received)"
            }
            if server.covered > client.received {
                return "the server counts \(server.covered) as covered, the client has \(client.received)"
            }
            if !run.hasCorruption, [ending, theirs].contains(where: { $0.code == .protocolError }) {
                return "a protocol error"
            }
        }
        if ending.kind == .closed {
            if client.taken.count != run.server.count { return "closed, and the client has not all" }
            if ending.unacknowledged == 0, run.finish != .servletEarly, server.taken.count != run.client.count {
                return "closed, and the servlet has not all"
            }
        }
        guard run.mustSucceed else { return nil }
        // A session whose use the server never heard of is an entry that lives for the time to open.
        if entry.calls.isEmpty, ending.code == .noSuchSession { return nil }
        if ending.kind != .closed { return "should have closed" }
        return server.ending?.kind == .closed ? nil : "the server's session should have closed"
    }
}
