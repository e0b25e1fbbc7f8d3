import LongwireClient
import LongwireProtocol
import TestSupport

/// Many sessions with a servlet that echoes, each of which sends numbers until its line ends, and counts what returns.
struct ServiceCrowd: Sendable {
    /// How one session went.
    struct Account: Sendable {
        /// Messages that `send` accepted.
        var sent = 0
        /// Messages that came back, each the next number.
        var received = 0
        /// Whether the server advised it to come to an end.
        var wasTold = false
        var ending: SessionEnding?
        var problem: String?

        /// Whether everything came back, and the session ended in good order.
        var isComplete: Bool { problem == nil && sent == received && ending?.kind == .closed }
        var text: String {
            "sent \(sent) received \(received) told \(wasTold) \(ending.map { "\($0)" } ?? "open") \(problem ?? "")"
        }
    }

    private let clients: [FlowClient]
    private let begun = FlowBox(0)
    private let accounts: Task<[Account], Never>

    /// Opens the sessions and sets them going.
    init(_ count: Int, _ url: String, pause: Duration) async throws {
        FileLimit.raise()
        let opened = try await withThrowingTaskGroup(of: FlowClient.self) { group in
            var clients: [FlowClient] = []
            for index in 0..<count {
                if index >= 100, let client = try await group.next() { clients.append(client) }
                group.addTask { try await FlowClient.connect(url) }
            }
            for try await client in group { clients.append(client) }
            return clients
        }
        clients = opened
        let begun = begun
        accounts = Task {
            await withTaskGroup(of: Account.self) { group in
                for (index, client) in opened.enumerated() {
                    let first = pause * index / max(count, 1)
                    group.addTask { await Self.flow(client, first: first, pause: pause, begun: begun) }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
        }
    }

    /// Waits until every session has had an answer.
    func flows() async throws {
        try await eventually(within: .seconds(60), "all sessions flow") { begun.value >= clients.count }
    }

    /// Waits until every session has ended.
    func end() async -> [Account] { await accounts.value }

    private static func flow(
        _ client: FlowClient, first: Duration, pause: Duration, begun: FlowBox<Int>
    ) async -> Account {
        let session = client.session
        var account = Account()
        async let sending = send(session, first: first, pause: pause)
        do {
            for try await message in session.messages {
                if message.number != account.received {
                    account.problem = "\(account.received) came as \(message.number ?? -1)"
                }
                account.received += 1
                if account.received == 1 { begun.change { $0 += 1 } }
            }
        } catch { account.problem = "\(error)" }
        account.sent = await sending
        account.ending = await session.ending
        account.wasTold = client.changes.list.contains(.going(.goingAway))
        return account
    }

    private static func send(_ session: Session, first: Duration, pause: Duration) async -> Int {
        var sent = 0
        do {
            try await Pace.idle(first)
            while true {
                try await session.send(Message(number: sent))
                sent += 1
                try await Pace.idle(pause)
            }
        } catch { return sent }
    }
}
