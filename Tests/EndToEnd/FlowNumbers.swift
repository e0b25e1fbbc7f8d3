import LongwireClient
import NIOCore
import TestSupport

/// A numbered flow in both directions that goes only as far as it is let, so that each fault falls into the middle.
final class FlowNumbers: Sendable {
    private struct State: Sendable {
        var limit = 0
        var atServer = 0
        var atClient = 0
        var services = 0
        var failures: [String] = []
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    let count: Int
    private let state = FlowBox(State())

    init(count: Int) { self.count = count }

    /// How many messages arrived at the server, at the client; how often the servlet was called.
    var arrived: (server: Int, client: Int) { state.change { ($0.atServer, $0.atClient) } }
    var services: Int { state.change { $0.services } }
    /// What was not as it must be.
    var failures: [String] { state.change { $0.failures } }

    /// Lets both sides send up to this number.
    func allow(_ limit: Int) {
        let waiting = state.change { state in
            state.limit = limit
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    private func allowed(_ number: Int) async {
        while state.change({ $0.limit <= number }) {
            await withCheckedContinuation { continuation in
                let isAllowed = state.change { state in
                    if state.limit <= number { state.waiting.append(continuation) }
                    return state.limit > number
                }
                if isAllowed { continuation.resume() }
            }
        }
    }

    /// One side: sends all numbers, and takes all of the other side's.
    private func run(_ session: Session, isServer: Bool) async throws {
        async let sending: Void = send(session)
        var expected = 0
        var messages = session.messages.makeAsyncIterator()
        while expected < count, let message = try await messages.next() {
            let number = expected
            if message.number != number {
                state.change { $0.failures.append("\(isServer ? "server" : "client"): \(message) for \(number)") }
                throw CancellationError()
            }
            expected += 1
            let arrived = expected
            state.change { if isServer { $0.atServer = arrived } else { $0.atClient = arrived } }
        }
        try await sending
    }

    private func send(_ session: Session) async throws {
        for number in 0..<count {
            await allowed(number)
            try await session.send(Message(number: number))
        }
    }

    /// The server's side.
    var servlet: FlowServlet {
        FlowServlet { [self] session in
            state.change { $0.services += 1 }
            do { try await run(session, isServer: true) } catch {
                state.change { $0.failures.append("servlet: \(error)") }
                throw error
            }
        }
    }

    /// The client's side, to its end in good order.
    func client(_ session: Session) async throws -> SessionEnding {
        try await run(session, isServer: false)
        return await session.close()
    }

    /// Lets a slice go, and does something when half of it has arrived.
    ///
    /// - Parameter trickles: the second half goes only as `fault` lets it, by calling what it is given again and again.
    func slice(
        _ index: Int, of slices: Int, trickles: Bool = false,
        inTheMiddle fault: (_ letSomeMoreGo: () -> Void) async throws -> Void
    ) async throws {
        let (start, end) = (count * index / slices, count * (index + 1) / slices)
        let middle = (start + end) / 2
        var allowed = trickles ? middle : end
        allow(allowed)
        try await arrive("half of slice \(index)") { max($0.server, $0.client) >= middle }
        try await fault {
            allowed = min(allowed + 3, end)
            allow(allowed)
        }
        allow(end)
        try await arrive("the whole of slice \(index)") { $0 == (end, end) }
    }

    private func arrive(_ what: String, _ condition: ((server: Int, client: Int)) -> Bool) async throws {
        try await eventually(within: .seconds(30), what) {
            if !failures.isEmpty { throw FlowFailure(description: failures.joined(separator: "; ")) }
            return condition(arrived)
        }
    }
}

/// What went wrong in a flow.
struct FlowFailure: Error, CustomStringConvertible {
    let description: String
}
