import LongwireClient
import LongwireProtocol
import NIOCore
import NIOPosix
import TestSupport

/// One cell of the matrix: a server, what lies before it, and the transport that is demanded, if one is.
struct PathCell: Sendable, Hashable {
    var server: String
    var way: PathWay
    /// nil: the client chooses.
    var transport: PathTransport?

    struct Outcome: Sendable {
        /// What the table says.
        var text: String
        /// Seconds until the session was open.
        var seconds: Double?
        /// More about a failure, for the log.
        var detail = ""
    }

    /// A conversation over this path.
    func run(_ server: PathServer, _ proxies: PathProxies, _ certificates: Certificates) async -> Outcome {
        do {
            // Bare TCP has a port of its own.
            let target = transport == .tcp ? server.tcpPort ?? server.port : server.port
            let front = try await way.build(before: target, proxies)
            guard transport == .plain else { return await talk(server, front, certificates) }
            do {
                return try await PathPlain(server: server, front: front, way: way, certificates: certificates).run()
            } catch {
                return Outcome(text: "opens and breaks", detail: "\(error)")
            }
        } catch {
            return Outcome(text: "could not be tried", detail: "\(error)")
        }
    }

    private func talk(_ server: PathServer, _ front: PathFront, _ certificates: Certificates) async -> Outcome {
        var configuration = ClientConfiguration()
        configuration.trustedCertificates = certificates.authority
        configuration.promotionInterval = .zero
        configuration.proxy = front.proxy.map { .url($0) } ?? .none
        configuration.proxyTunnel = front.isTunnel
        if transport == .tcp { configuration.directTCP = DirectTCP(port: front.port) }
        if let kind = transport?.kind {
            configuration.transports = [kind]
            // What a choice finds out by itself: that somebody was late.
            configuration.asksPrelude = way == .holdsStart
        }
        // Long enough for any path that streams; what does not is waited for as long.
        configuration.session.timeToOpen = .seconds(4)
        // What worked before is not to be remembered from one cell for the next.
        let client = Longwire(group: MultiThreadedEventLoopGroup.singleton)
        let session: Session
        let seconds: Double
        let begin = ContinuousClock.now
        do {
            session = try await client.connect(server.url(port: front.port), configuration: configuration)
            seconds = Double((ContinuousClock.now - begin) / .milliseconds(1)) / 1000
        } catch let error as ConnectError {
            let isLate = ContinuousClock.now - begin > .seconds(1)
            return Outcome(text: reason(error, isLate: isLate), detail: error.description)
        } catch {
            return Outcome(text: "failed", detail: "\(error)")
        }
        let opened = await session.status.transport
        let limit = Task {
            try await Pace.idle(.seconds(flowIsLong ? 200 : 30))
            session.abort(.done, reason: "nothing came for too long")
        }
        defer { limit.cancel() }
        do {
            try await converse(session, front)
            let ending = await session.close()
            guard ending.kind == .closed else {
                return Outcome(text: "opens and ends badly", seconds: seconds, detail: "\(ending)")
            }
        } catch {
            session.abort(.done)
            return Outcome(text: "opens and breaks", seconds: seconds, detail: "\(error)")
        }
        let name = opened.map { "\($0)" } ?? "none"
        return Outcome(text: transport == nil ? name : "works", seconds: seconds)
    }

    /// What is said has to come back in order, once, across whatever the path does.
    private func converse(_ session: Session, _ front: PathFront) async throws {
        var messages = session.messages.makeAsyncIterator()
        func echo(_ message: Message) async throws {
            try await session.send(message)
            guard try await messages.next() == message else { throw PathFailure(description: "another message came") }
        }
        for number in 1...20 { try await echo(Message("message \(number)")) }
        try await echo(Message(ByteBuffer(repeating: 0xa5, count: 100_000)))
        switch way {
        case .cuts:
            // On two more lines than the first.
            var number = 0
            while try await front.cutter?.faults ?? 0 < 2 {
                number += 1
                try await echo(Message("across cuts \(number)"))
                try await Pace.idle(.milliseconds(20))
            }
        case .forgets: try await Pace.idle(.nanoseconds(PathWay.forgetTime.nanoseconds * 2))
        default: break
        }
        try await echo(Message("after all"))
    }

    /// Why a transport does not pass, in words that a table has room for.
    private func reason(_ error: ConnectError, isLate: Bool) -> String {
        switch error.kind {
        case .status where transport == .websocket, .notLongwire where transport == .websocket: "falls: refused"
        case .status(let status), .proxy(.status(let status)): "falls: \(status)"
        case .timedOut: "falls: held back"
        // Somebody lost patience while it was.
        case .unreachable where isLate: "falls: held back"
        case .unreachable, .refused: "falls: cut"
        case .notLongwire: "falls: garbled"
        default: "fails: \(error.kind)"
        }
    }
}

/// What came is not what had to come.
struct PathFailure: Error, CustomStringConvertible {
    var description: String
}
